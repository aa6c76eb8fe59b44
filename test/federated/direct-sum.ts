import {
  type DecodeOptions,
  decodeOutcome,
  encodeUpdate,
  openRound,
  type RoundMean,
  type RoundPlan,
  type Update,
} from 'secagg/federated'
import { addInto, createVector, reduceInto } from 'secagg/vector'
import { seededCrypto } from '../privacy/support.js'

/** The result of a round of a plan, with the inputs of all clients summed in the clear. */
export function sumDirectly(
  plan: RoundPlan,
  updates: readonly Update[],
  { weights, seed = 1, ...options }: DecodeOptions & { weights?: readonly number[]; seed?: number } = {},
): RoundMean<'float32' | 'float64' | 'float16'> {
  const round = openRound(plan, { sessionId: new Uint8Array(16).fill(seed) })
  const crypto = seededCrypto(seed)
  const sum = createVector(plan.segments)
  for (const [seat, update] of updates.entries()) {
    addInto(sum, encodeUpdate(update, weights?.[seat] ?? 1, round, { crypto }).input.vector, plan.segments)
  }
  reduceInto(sum, plan.segments)
  const survivors = updates.map((_, seat) => seat)
  return decodeOutcome({ sum, configHash: round.config.hash, report: { survivors } }, round, options)
}
