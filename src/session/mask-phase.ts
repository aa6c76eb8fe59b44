import { SecAggError } from '../errors.js'
import { blamePeer, violation } from '../protocol/blame.js'
import { server } from '../protocol/index.js'
import { type Accumulator, createAccumulator, segmentsInRange } from '../vector/index.js'
import { checkPacked } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/slices.js'
import { decodeMaskedInput, decodeMaskedSlice, forwardedSharesCoder } from '../wire/index.js'
import type { Phase } from './phase.js'
import { encoded, type PhaseContext, seatsOf } from './phase-context.js'
import { checkPhase, unmaskPhase } from './unmask-phase.js'
import { Uploads } from './uploads.js'

/** Masked vectors that are in the sum already: whose, and the sum. */
export interface Folded {
  readonly seats: readonly number[]
  readonly sum: Accumulator
}

/** Round 2: folds masked vectors into one running sum as they arrive, so its memory is one vector. */
export function maskPhase(state: server.ServerMasking, context: PhaseContext, folded?: Folded): Phase {
  const { config, clients } = state
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, peers]))
  const sum = folded?.sum ?? createAccumulator(config.segments)
  const slices = sliceCount(config.segments, config.sliceLength)
  const uploads = new Uploads(config, sum, context.sliceStore, context.maximumUploads)
  const accepted = new Set(folded?.seats)
  const settle = async (): Promise<void> => {
    for (const seat of await uploads.finish()) accepted.add(seat)
  }
  return {
    state,
    round: 'masked-input',
    type: slices === 1 ? 'maskedInput' : 'maskedSlice',
    expected: seatsOf(clients),
    outbound: encoded('forwardedShares', server.forwardedShares(state), (seat) =>
      forwardedSharesCoder(peersOf.get(seat) ?? []),
    ),
    accepted,
    runningSum: sum,
    messages: () => [],
    settle,
    check: async (seat, bytes) => {
      const blame = blamePeer('masked-input', seat)
      server.acceptMaskedInput(state, seat)
      if (slices === 1) {
        const packed = decodeMaskedInput(bytes, blame)
        return () => {
          const fingerprint = blaming(blame, () => sum.add(packed))
          accepted.add(seat)
          return { status: 'accepted', fingerprint }
        }
      }
      const { slice, packed } = decodeMaskedSlice(bytes, slices, blame)
      const range = sliceRange(config.segments, config.sliceLength, slice)
      blaming(blame, () => checkPacked(packed, segmentsInRange(config.segments, range)))
      return async () => {
        const outcome = await uploads.take(seat, slice, packed)
        if (typeof outcome === 'object') return { status: 'busy', ...outcome }
        if (outcome === 'folded') accepted.add(seat)
        return { status: 'accepted' }
      }
    },
    discard: (seat) => uploads.discard(seat),
    close: async () => {
      await settle()
      const { state: next } = server.announceSurvivors(state, [...accepted])
      const phase =
        next.state === 'server-checking' ? checkPhase(next, sum, context) : unmaskPhase(next, sum, context)
      return { accepted: next.survivors, next: phase, release: () => uploads.close() }
    },
  }
}

/** What the vector core says of a packed vector, said of its sender. */
function blaming<T>(blame: ReturnType<typeof blamePeer>, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof SecAggError)) throw cause
    throw violation(cause.code, blame, cause.message, { expected: cause.expected, got: cause.got })
  }
}
