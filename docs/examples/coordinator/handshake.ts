import type { WebSocket } from 'ws'
import { fromHex, toHex } from './hex.js'

/** The longest message of the handshake. All of them are text. */
export const LONGEST_TEXT = 1024

/**
 * What a client signs to prove its identity: the name of the server and the challenge of this connection. So the signature
 * cannot be passed on to another server or used again. The label separates it from all signatures within rounds.
 */
export function claim(server: string, challenge: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`secagg coordinator, connection\0${server}\0${toHex(challenge)}`)
}

/** The first message, from the server. */
export interface Challenge {
  readonly server: string
  readonly challenge: Uint8Array
}

/** The client's answer. */
export interface Answer {
  readonly name: string
  readonly signature: Uint8Array
}

/** What the server sends once a round is open. The numbers of its rounds only rise. */
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
  if (!(Number.isSafeInteger(round) && (round as number) >= 0))
    throw new Error('the number of the round is missing or wrong')
  return { round: round as number, sessionId: fromHex(sessionId, 32) }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new Error('not an object')
  return value as Record<string, unknown>
}

/**
 * Waits for the next message of a socket, which must be a short text. `use` is called immediately, so that it can add
 * listeners before the following message arrives.
 */
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
