import { createHash } from 'node:crypto'
import { createRoundConfig, type RoundConfig } from 'secagg'

/** Few clients, and vectors so long that unmasking takes long enough to be interrupted. */
export const CLIENTS = 8
const LENGTH = 400_000

/** The key of the cluster, and the configuration of a round. Both follow from the seed, so every process knows them. */
export function keyOf(seed: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`key ${seed}`).digest())
}

const CURIOUS = { adversary: 'honest-but-curious', threshold: 5, minimumCohort: 5 } as const
const MODELS = [
  CURIOUS,
  { ...CURIOUS, sliceLength: 70_000 },
  { adversary: 'active', threshold: 6, minimumCohort: 6 },
  {
    adversary: 'active',
    threshold: 4,
    minimumCohort: 6,
    graph: { neighbors: 6, assumptions: 'unproven' },
    sliceLength: 70_000,
  },
] as const

export function configOf(seed: number, round: number): RoundConfig {
  return createRoundConfig({
    sessionId: new Uint8Array(createHash('sha256').update(`round ${seed} ${round}`).digest()),
    clients: CLIENTS,
    segments: [{ length: LENGTH, bits: 32, bound: 1_000_000 }],
    ...MODELS[round % MODELS.length]!,
  } as Parameters<typeof createRoundConfig>[0])
}

export function inputOf(round: number, seat: number): Uint32Array {
  return Uint32Array.from(
    { length: LENGTH },
    (_, index) => (index * 31 + seat * 7919 + round * 13) % 1_000_000,
  )
}

/** A digest of the sum of some clients' inputs. */
export function expectedDigest(round: number, seats: readonly number[]): string {
  const sum = new Uint32Array(LENGTH)
  for (const seat of seats) {
    const input = inputOf(round, seat)
    for (let index = 0; index < LENGTH; index++) sum[index] = (sum[index]! + input[index]!) >>> 0
  }
  return digestOf(sum)
}

export function digestOf(sum: Uint32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength))
    .digest('hex')
}

/** What a coordinator writes when its round is over. */
export type ChaosResult =
  | { readonly survivors: readonly number[]; readonly digest: string }
  | { readonly failed: string }
