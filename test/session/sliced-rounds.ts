import type { PhaseOutcome, SliceStore, Vector } from 'secagg'
import { expect } from 'vitest'
import { type Cohort, type CohortOptions, makeCohort, run } from '../support/cohort.js'

/** 300 elements in slices of 64: five messages, which begin at odd places of the second and the third segment. */
export const SLICES = 5
export const ROUND: CohortOptions = {
  clients: 4,
  threshold: 3,
  adversary: 'honest-but-curious',
  segments: [
    { length: 61, bits: 13, bound: 'modular' },
    { length: 200, bits: 20, bound: 1000 },
    { length: 39, bits: 64, bound: 'modular' },
  ],
  sliceLength: 64,
}

/** A round that is at the masked input, and what its clients will send. */
export interface SlicedRound extends Cohort {
  /** The server's messages that call for the masked vectors, by seat. */
  readonly pending: ReadonlyMap<number, Uint8Array>
  /** All slices, by seat. */
  readonly vectors: readonly Uint8Array[][]
}

/** The masked vector of each client, all slices, with the round at the masked input. */
export async function maskedVectors(options: CohortOptions = ROUND): Promise<SlicedRound> {
  const cohort = await makeCohort(options)
  const { pending } = await run(cohort, { until: 'masked-input' })
  const vectors: Uint8Array[][] = []
  for (const [seat, session] of cohort.sessions.entries()) {
    const slices = [await session.receive(pending.get(seat)!)]
    for await (const slice of session.slices()) slices.push(slice)
    vectors.push(slices)
  }
  return { ...cohort, pending, vectors }
}

export async function finish({ server, sessions }: Cohort, outcome: PhaseOutcome): Promise<Vector> {
  let next = outcome
  while (!next.done) {
    for (const [seat, message] of next.messages) {
      expect(await server.receive(seat, await sessions[seat]!.receive(message))).toEqual({
        status: 'accepted',
      })
    }
    next = await server.closePhase()
  }
  return next.sum
}

export async function deliver(
  { server }: Cohort,
  seat: number,
  slices: readonly Uint8Array[],
): Promise<void> {
  for (const slice of slices) expect(await server.receive(seat, slice)).toEqual({ status: 'accepted' })
}

/** Delivers all slices of all clients. */
export async function deliverAll(round: SlicedRound): Promise<void> {
  for (const [seat, slices] of round.vectors.entries()) await deliver(round, seat, slices)
}

/** What a store does wrong. */
interface Trouble {
  put: boolean
  /** The slice that it does not give back. */
  get: number
  /** The seats whose slices it does not give back. */
  seats: readonly number[]
  damage: boolean
  discard: boolean
}

interface UnreliableStore {
  readonly store: SliceStore
  readonly trouble: Trouble
  readonly kept: Map<string, Uint8Array>
}

/** A store that fails where it is told to, and otherwise keeps everything. */
export function unreliableStore(): UnreliableStore {
  const kept = new Map<string, Uint8Array>()
  const trouble: Trouble = { put: false, get: -1, seats: [], damage: false, discard: false }
  const store: SliceStore = {
    put: async (seat, slice, bytes) => {
      if (trouble.put) throw new Error('the disk is full')
      kept.set(`${seat} ${slice}`, bytes)
    },
    get: async (seat, slice) => {
      if (slice === trouble.get || trouble.seats.includes(seat)) throw new Error('the disk is gone')
      const bytes = Uint8Array.from(kept.get(`${seat} ${slice}`)!)
      if (trouble.damage) bytes[0]! ^= 1
      return bytes
    },
    discard: async (seat) => {
      if (trouble.discard) throw new Error('the disk is read-only')
      for (const key of [...kept.keys()]) if (key.startsWith(`${seat} `)) kept.delete(key)
    },
  }
  return { store, trouble, kept }
}
