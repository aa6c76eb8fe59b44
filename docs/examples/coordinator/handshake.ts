import type { WebSocket } from 'ws'
import { fromHex, toHex } from './hex.js'

/** A message of the handshake may be so long; what is said before it is over is text. */
export const LONGEST_TEXT = 1024

/**
 * What a client signs to show who it is: the server that it means and the challenge of this one connection, so that
 * nobody can pass the signature on to another server or use it again. The label keeps it apart from all that is signed
 * in a round.
 */
export function claim(server: string, challenge: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`secagg coordinator, connection\0${server}\0${toHex(challenge)}`)
}

/** What the server says first. */
export interface Challenge {
  readonly server: string
  readonly challenge: Uint8Array
}

/** What the client answers. */
export interface Answer {
  readonly name: string
  readonly signature: Uint8Array
}

/** What the server offers in return, once a round is open. The numbers of its rounds only rise. */
export interface Offer {
  readonly round: number
  readonly sessionId: Uint8Array
}

export const challengeText = ({ server, challenge }: Challenge): string =>
  JSON.stringify({ server, challenge: toHex(challenge) })

export const answerText = ({ name, signature }: Answer): string =>
  JSON.stringify({ name, signature: toHex(signature) })

export const offerText = ({ round, sessionId }: Offer): string =>
  JSON.stringify({ round, sessionId: toHex(sessionId) })

export function readChallenge(text: string): Challenge {
  const { server, challenge } = fieldsOf(text)
  return { server: String(server), challenge: fromHex(challenge, 32) }
}

export function readAnswer(text: string): Answer {
  const { name, signature } = fieldsOf(text)
  return { name: String(name), signature: fromHex(signature, 64) }
}

export function readOffer(text: string): Offer {
  const { round, sessionId } = fieldsOf(text)
  if (!(Number.isSafeInteger(round) && (round as number) >= 0)) throw new Error('a round has a number')
  return { round: round as number, sessionId: fromHex(sessionId, 32) }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new Error('not an object')
  return value as Record<string, unknown>
}

/** The next message of a socket, which has to be a short text; made use of at once, so that none after it is missed. */
export function nextText<T>(socket: WebSocket, use: (text: string) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection is closed'))
    socket.once('close', closed)
    socket.once('error', reject)
    socket.once('message', (data, isBinary) => {
      socket.off('close', closed)
      socket.off('error', reject)
      try {
        const text = String(data)
        if (isBinary || text.length > LONGEST_TEXT) throw new Error('not a short text')
        resolve(use(text))
      } catch (error) {
        reject(error)
      }
    })
  })
}
