import {
  ClientSession,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  type RoundConfig,
  ServerSession,
  type Signer,
  type VerifyIdentity,
} from 'secagg'
import { type CryptoProvider, defaultCrypto } from 'secagg/crypto'
import { packedLength, unpackVector, type Vector } from 'secagg/vector'
import { takesPart } from './dropouts.js'
import { modelFromBytes, modelToBytes, PARAMETERS } from './model.js'
import { fromSum, type Quantization, quantize, segmentsOf, toInput } from './quantize.js'
import type { Aggregate, Aggregated, AggregationTask, Specimen } from './training.js'

/** Clients whose public keys everybody knows beforehand. */
export interface Cohort {
  readonly crypto: CryptoProvider
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity
}

/** What the server sends before a round. All of it is bytes from a server that a client does not trust. */
interface Announcement {
  readonly sessionId: Uint8Array
  readonly model: Uint8Array
  readonly quantization: Uint8Array
}

/** Gives every client an Ed25519 identity. Here in one place; in earnest each makes its own and shows the public half. */
export async function enrol(clients: number): Promise<Cohort> {
  const crypto = await defaultCrypto()
  const privateKeys = Array.from({ length: clients }, () => crypto.randomBytes(32))
  const publicKeys = await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key)))
  return {
    crypto,
    signers: privateKeys.map((key) => ed25519Signer(key, crypto.ed25519)),
    verifyIdentity: ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519),
  }
}

/** Sums the clients' updates by secure aggregation: every message as bytes, clients dropping out as planned. */
export function secureAggregation(cohort: Cohort): Aggregate {
  return async (task) => {
    const announcement: Announcement = {
      sessionId: cohort.crypto.randomBytes(32),
      model: modelToBytes(task.model),
      quantization: new TextEncoder().encode(JSON.stringify(task.quantization)),
    }
    const server = new ServerSession({ ...cohort, config: configFrom(announcement, task.clients) })
    const clients = Array.from({ length: task.clients }, (_, seat) =>
      openClient(seat, structuredClone(announcement), cohort, task),
    )
    return runRound(server, clients, task)
  }
}

/** The round as one party understands it from what that party has; the server and every client call it by themselves. */
function configFrom({ sessionId, model, quantization }: Announcement, clients: number): RoundConfig {
  return createRoundConfig({
    sessionId,
    clients,
    adversary: 'active',
    segments: segmentsOf(readQuantization(quantization), PARAMETERS),
    context: { model, quantization },
  })
}

function readQuantization(bytes: Uint8Array): Quantization {
  return JSON.parse(new TextDecoder().decode(bytes)) as Quantization
}

/** One client in one round. */
interface Client {
  readonly session: ClientSession
  /** What it has handed to the protocol, to show beside what the server got. */
  held(): Vector | undefined
}

function openClient(seat: number, announcement: Announcement, cohort: Cohort, task: AggregationTask): Client {
  const { crypto, verifyIdentity } = cohort
  const config = configFrom(announcement, task.clients)
  const quantization = readQuantization(announcement.quantization)
  let held: Vector | undefined
  // Asked for once the others' keys are there, so that a client which has gone by then need not train.
  const input = (): Vector => {
    const { update, weight } = task.trainClient(seat, modelFromBytes(announcement.model))
    held = toInput(quantize(update, quantization), weight, quantization)
    return held
  }
  const signer = cohort.signers[seat]
  const session = new ClientSession({ config, seat, input, crypto, signer, verifyIdentity })
  return { session, held: () => held }
}

/** Carries the messages between server and clients, as a network does in earnest. */
async function runRound(
  server: ServerSession,
  clients: readonly Client[],
  { dropouts, quantization }: AggregationTask,
): Promise<Aggregated> {
  const traffic = clients.map(() => ({ up: 0, down: 0 }))
  const specimens: Specimen[] = []
  let messages: Iterable<readonly [seat: number, bytes?: Uint8Array]> = clients.map((_, seat) => [seat])
  for (;;) {
    const round = server.round!
    for (const [seat, message] of messages) {
      if (!takesPart(dropouts, seat, round)) continue
      const { session, held } = clients[seat]!
      const answer = await (message === undefined ? session.start() : session.receive(message))
      traffic[seat]!.down += message?.length ?? 0
      traffic[seat]!.up += answer.length
      const receipt = await server.receive(seat, answer)
      if (receipt.status === 'refused') throw receipt.error
      if (round === 'masked-input') specimens.push(specimenOf(seat, held()!, answer, quantization))
    }
    const outcome = await server.closeRound()
    if (outcome.done) {
      const { survivors } = outcome.report
      return {
        sum: fromSum(outcome.sum, quantization),
        survivors,
        traffic: traffic.filter((_, seat) => !dropouts.has(seat)),
        specimen: specimens[0],
      }
    }
    messages = outcome.messages
  }
}

/** Some numbers of a client's vector, and what the server finds in the same place of its message. */
function specimenOf(seat: number, held: Vector, message: Uint8Array, quantization: Quantization): Specimen {
  const segments = segmentsOf(quantization, PARAMETERS)
  const sent = unpackVector(message.slice(-packedLength(segments)), segments)
  // From the middle of the image, since nothing is learned from its corners, which are always empty.
  const from = PARAMETERS >> 1
  const numbersOf = (vector: Vector): number[] => Array.from(vector[0]!.subarray(from, from + 4), Number)
  return { seat, from, held: numbersOf(held), sent: numbersOf(sent) }
}
