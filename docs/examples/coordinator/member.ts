import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { type CryptoProvider, ed25519Signer, ed25519Verifier, SecAggError } from 'secagg'
import { type Connection, runClient, socketConnection } from 'secagg/transport'
import { WebSocket } from 'ws'
import { type Enrolment, readPrivateKey } from './enrolment.js'
import { answerText, claim, nextText, type Offer, readChallenge, readOffer } from './handshake.js'
import { log } from './log.js'
import { StateFile } from './state-file.js'
import { configOf, countsOf } from './task.js'

export interface MemberOptions {
  readonly name: string
  /** The folder with the key and the state of the client. */
  readonly folder: string
  readonly url: string
  /** The name of the server to connect to. */
  readonly server: string
  /** If the server expects a certificate: the certificate, its key, and whom this client trusts. */
  readonly tls?: ConnectionOptions | undefined
  readonly enrolment: Enrolment
  readonly crypto: CryptoProvider
}

/** The time before a client tries again, in milliseconds. */
const RETRY = 1000

/** Runs one client until it has been included in this many rounds. */
export async function takePart(options: MemberOptions, rounds: number): Promise<void> {
  const file = new StateFile(join(options.folder, `${options.name}.state`))
  for (let count = 0; count < rounds; ) {
    try {
      const admission = await connect(options)
      if (file.isOver(admission.offer)) {
        // The next round is not open yet.
        admission.connection.close()
      } else {
        if (await takePartIn(admission, file, options)) count++
        continue
      }
    } catch (error) {
      if (error instanceof SecAggError && error.fault !== 'network') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY))
  }
}

/** A connection on which the client has proven its identity, and the round that the server offers on it. */
interface Admission {
  readonly offer: Offer
  readonly connection: Connection
}

async function connect({ url, server, name, folder, crypto, tls }: MemberOptions): Promise<Admission> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...tls })
  // Errors also close the connection, which is handled elsewhere.
  socket.on('error', () => undefined)
  const offered = (): Promise<Admission> =>
    nextText(socket, (text) => ({ offer: readOffer(text), connection: socketConnection(socket) }))
  // With certificates, TLS has identified both sides.
  if (tls !== undefined) return offered()
  const challenge = await nextText(socket, readChallenge)
  // Another server could use the signature to impersonate this client.
  if (challenge.server !== server) throw new Error(`this is ${challenge.server}, not ${server}`)
  const signature = await crypto.ed25519.sign(
    readPrivateKey(folder, name),
    claim(server, challenge.challenge),
  )
  const admission = offered()
  socket.send(answerText({ name, signature }))
  return admission
}

/** Takes part in the round, and returns whether the client's input is in the sum. */
async function takePartIn(
  { offer, connection }: Admission,
  file: StateFile,
  options: MemberOptions,
): Promise<boolean> {
  const { enrolment, crypto, name, folder } = options
  const { round, sessionId } = offer
  const seat = enrolment.names.indexOf(name)
  const over = new AbortController()
  let next: Connection | undefined = connection
  const reconnect = async (): Promise<Connection> => {
    const here = next
    next = undefined
    if (here !== undefined) return here
    const again = await connect(options)
    if (Buffer.from(again.offer.sessionId).equals(sessionId)) return again.connection
    again.connection.close()
    over.abort(new SecAggError('late-message', 'network', 'another round is open'))
    throw over.signal.reason
  }
  try {
    const { included } = await runClient(reconnect, {
      config: configOf(offer, enrolment),
      seat,
      input: countsOf(seat, round),
      crypto,
      signer: ed25519Signer(readPrivateKey(folder, name), crypto.ed25519),
      verifyIdentity: ed25519Verifier((other) => enrolment.publicKeys[other], crypto.ed25519),
      // A server that offers a round again, or an old session id under a new number, gets no keys. This client accepts
      // only rising numbers, and the number is part of the configuration that all messages are bound to.
      claimSession: () => file.claim(offer),
      saved: file.read(offer),
      save: (saved) => file.write(offer, saved),
      signal: over.signal,
    })
    log('round over', { name, round, included })
    file.finish(offer)
    return included
  } catch (error) {
    log('no part in the round', { name, round, error: String(error) })
    throw error
  }
}
