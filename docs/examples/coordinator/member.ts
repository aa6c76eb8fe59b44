import { join } from 'node:path'
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
  /** Where the keys and the state of the client are. */
  readonly folder: string
  readonly url: string
  /** The name of the server that is meant. */
  readonly server: string
  readonly enrolment: Enrolment
  readonly crypto: CryptoProvider
}

/** Milliseconds before a client tries again. */
const RETRY = 1000

/** One client, which takes part in so many rounds. */
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

/** A connection on which the client is known, and the round that it is for. */
interface Admission {
  readonly offer: Offer
  readonly connection: Connection
}

async function connect({ url, server, name, folder, crypto }: MemberOptions): Promise<Admission> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  // What goes wrong shows as a closed connection.
  socket.on('error', () => undefined)
  const challenge = await nextText(socket, readChallenge)
  // Another server would use the signature to be this client here.
  if (challenge.server !== server) throw new Error(`this is ${challenge.server}, not ${server}`)
  const signature = await crypto.ed25519.sign(
    readPrivateKey(folder, name),
    claim(server, challenge.challenge),
  )
  const admission = nextText(socket, (text) => ({
    offer: readOffer(text),
    connection: socketConnection(socket),
  }))
  socket.send(answerText({ name, signature }))
  return admission
}

/** Whether the client's input is in the sum. */
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
      // A server that offers a round once more, or an old session id under a new number, gets no keys: numbers only
      // rise here, and the number is part of the configuration that everything is bound to.
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
