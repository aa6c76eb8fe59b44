import type { ClientSessionOptions, CryptoProvider } from 'secagg'
import {
  decodeOutcome,
  encodeUpdate,
  openRound,
  type RoundMean,
  type RoundPlan,
  type RoundTask,
  type Update,
} from 'secagg/federated'
import { seededCrypto } from '../privacy/support.js'
import { type CohortRun, runCohort } from '../support/cohort.js'
import { randomOf } from '../support/seeded.js'

/** Two tensors with 34 values in total. */
export const tensors = { 'dense/kernel': [8, 4], 'dense/bias': [2] } as const

/** Ten clients, of which one may be corrupt and three may drop out. */
export const task: RoundTask = {
  tensors,
  clients: 10,
  adversary: 'active',
  dropoutFraction: 0.3,
  corruptFraction: 0.1,
  clip: 1,
  maximumWeight: 100,
}

/** The same task with differential privacy. */
export const privateTask: RoundTask = {
  tensors,
  clients: 10,
  adversary: 'active',
  dropoutFraction: 0.3,
  corruptFraction: 0.1,
  privacy: { epsilon: 200, delta: 1e-2, rounds: 1, clipNorm: 2 },
}

/** Seeded values from −size to size. */
export function updateOf(seed: number, size = 1): Record<keyof typeof tensors, TensorOfFloats> {
  const random = randomOf(seed)
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => (random.word() / 2 ** 31 - 1) * size)
  return {
    'dense/kernel': { shape: [8, 4], data: values(32) },
    'dense/bias': { shape: [2], data: values(2) },
  }
}

interface TensorOfFloats {
  readonly shape: number[]
  readonly data: Float32Array
}

export interface FederatedRound {
  readonly sessionId: Uint8Array
  readonly context?: Readonly<Record<string, Uint8Array>>
  readonly updates: readonly Update[]
  readonly weights?: readonly number[]
  /** How many messages the client at each seat sends before it drops out. Default: all. */
  readonly stages?: readonly number[]
  /** For some seats: what this client was told or received, if it differs from the others. */
  readonly told?: (seat: number) => {
    plan?: RoundPlan
    context?: Readonly<Record<string, Uint8Array>>
    update?: Update
  }
}

/** Runs a round of `plan` with encoded messages. The result is the mean, if the round ended with one. */
export async function runFederated(
  plan: RoundPlan,
  { sessionId, context, updates, weights, stages, told }: FederatedRound,
): Promise<CohortRun & { readonly result: RoundMean | undefined }> {
  const { adversary, clients } = plan.task
  const round = openRound(plan, { sessionId, context })
  const rounds = updates.map((_, seat) =>
    openRound(told?.(seat).plan ?? plan, { sessionId, context: told?.(seat).context ?? context }),
  )
  const crypto: CryptoProvider = seededCrypto(3)
  const inputs = updates.map((update, seat) => {
    const own = told?.(seat).update ?? update
    return encodeUpdate(own, weights?.[seat] ?? 1, rounds[seat]!, { crypto }).input
  })
  const clientOptions = (seat: number): Partial<ClientSessionOptions> => ({ config: rounds[seat]!.config })
  const run = await runCohort({
    clients,
    adversary,
    segments: plan.segments,
    inputs,
    serverOptions: { config: round.config },
    clientOptions,
    ...(stages && { stages }),
  })
  return { ...run, result: run.outcome && decodeOutcome(run.outcome, round) }
}
