import {
  ClientSession,
  ed25519Signer,
  ed25519Verifier,
  ServerSession,
  type Signer,
  type Vector,
  type VerifyIdentity,
} from 'secagg'
import { type CryptoProvider, defaultCrypto } from 'secagg/crypto'
import {
  checkPlan,
  decodeOutcome,
  encodeUpdate,
  openRound,
  type PlanRequirements,
  type PreparedUpdate,
  type Round,
  type RoundPlan,
} from 'secagg/federated'
import { packedLength, unpackVector } from 'secagg/vector'
import { takesPart } from './dropouts.js'
import { modelFromBytes, modelToBytes } from './model.js'
import type { Aggregated, AggregationTask, Aggregator, Specimen } from './training.js'

/** Clients whose public keys everybody knows before the first round. */
export interface Cohort {
  readonly crypto: CryptoProvider
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity
}

/** What the server sends before a round. Clients do not trust it. */
interface Announcement {
  readonly sessionId: Uint8Array
  readonly model: Uint8Array
}

/** Makes an Ed25519 identity for every client. In production, each client makes its own and publishes the public key. */
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

/** Sums the clients' updates by secure aggregation, with real messages. Clients drop out as planned. */
export function secureAggregation(
  cohort: Cohort,
  plan: RoundPlan,
  requirements: PlanRequirements,
): Aggregator {
  const sent = JSON.stringify(plan)
  // Every client checks the plan, and then uses the plan that it has derived itself.
  const checked = cohort.signers.map(() => checkPlan(JSON.parse(sent), requirements))
  return {
    plan,
    aggregate: (task) => {
      const announcement: Announcement = {
        sessionId: cohort.crypto.randomBytes(32),
        model: modelToBytes(task.model),
      }
      const clients = checked.map((own, seat) =>
        openClient(seat, own, structuredClone(announcement), cohort, task),
      )
      return runRound(roundOf(plan, announcement), clients, cohort, task)
    },
  }
}

/** Opens the round from the data that one party has. The server and every client do this independently. */
function roundOf(plan: RoundPlan, { sessionId, model }: Announcement): Round {
  return openRound(plan, { sessionId, context: { model } })
}

/** One client in one round. */
interface Client {
  readonly session: ClientSession
  /** The input that it has passed to the protocol, to compare with what the server received. */
  held(): PreparedUpdate | undefined
}

function openClient(
  seat: number,
  plan: RoundPlan,
  announcement: Announcement,
  { crypto, signers, verifyIdentity }: Cohort,
  task: AggregationTask,
): Client {
  const round = roundOf(plan, announcement)
  let held: PreparedUpdate | undefined
  // Called after the second phase, so that a client that has dropped out by then does not train.
  const input = (): PreparedUpdate['input'] => {
    if (held === undefined) {
      const { update, examples } = task.trainClient(seat, modelFromBytes(announcement.model))
      held = encodeUpdate(update, plan.privacy === undefined ? examples : 1, round)
    }
    return held.input
  }
  const signer = signers[seat]
  const session = new ClientSession({ config: round.config, seat, input, crypto, signer, verifyIdentity })
  return { session, held: () => held }
}

/** Carries the messages between server and clients, as a network would. */
async function runRound(
  round: Round,
  clients: readonly Client[],
  { crypto, verifyIdentity }: Cohort,
  { dropouts }: AggregationTask,
): Promise<Aggregated> {
  const server = new ServerSession({ config: round.config, crypto, verifyIdentity })
  const traffic = clients.map(() => ({ up: 0, down: 0 }))
  const specimens: Specimen[] = []
  let messages: Iterable<readonly [seat: number, bytes?: Uint8Array]> = clients.map((_, seat) => [seat])
  for (;;) {
    const open = server.phase!
    for (const [seat, message] of messages) {
      if (!takesPart(dropouts, seat, open)) continue
      const { session, held } = clients[seat]!
      const answer = await (message === undefined ? session.start() : session.receive(message))
      traffic[seat]!.down += message?.length ?? 0
      traffic[seat]!.up += answer.length
      const receipt = await server.receive(seat, answer)
      if (receipt.status === 'refused') throw receipt.error
      if (open === 'masked-input') specimens.push(specimenOf(seat, held()!.input.vector, answer, round.plan))
    }
    const outcome = await server.closePhase()
    if (outcome.done) {
      const { survivors } = outcome.report
      return {
        sum: outcome.sum,
        result: decodeOutcome(outcome, round),
        clipped: survivors.filter((seat) => clients[seat]!.held()!.clipped).length,
        traffic: traffic.filter((_, seat) => !dropouts.has(seat)),
        specimen: specimens[0],
      }
    }
    messages = outcome.messages
  }
}

/** A few numbers of a client's vector, and the numbers at the same place in its message to the server. */
function specimenOf(seat: number, held: Vector, message: Uint8Array, { segments }: RoundPlan): Specimen {
  const sent = unpackVector(message.slice(-packedLength(segments)), segments)
  // From the middle of the image: the corners are always empty, so their weights do not change.
  const from = segments[0]!.length >> 1
  const numbersOf = (vector: Vector): number[] => Array.from(vector[0]!.subarray(from, from + 4), Number)
  return { seat, from, held: numbersOf(held), sent: numbersOf(sent) }
}
