import { SecAggError } from '../errors.js'
import { blamePeer, violation } from '../protocol/blame.js'
import { server } from '../protocol/index.js'
import { segmentsInRange } from '../vector/index.js'
import { checkPacked } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/slices.js'
import { decodeMaskedInput, decodeMaskedSlice, forwardedSharesCoder } from '../wire/index.js'
import { type Folded, MaskedSum } from './masked-sum.js'
import type { Phase } from './phase.js'
import { encoded, type PhaseContext, seatsOf } from './phase-context.js'
import { checkPhase, unmaskPhase } from './unmask-phase.js'
import { Uploads } from './uploads.js'

/** Round 2: folds masked vectors into one running sum as they arrive, so its memory is one vector. */
export function maskPhase(state: server.ServerMasking, context: PhaseContext, folded?: Folded): Phase {
  const { config, clients } = state
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, peers]))
  const sum = new MaskedSum(config, folded)
  const slices = sliceCount(config.segments, config.sliceLength)
  const uploads = new Uploads(config, sum, context.sliceStore, context.maximumUploads)
  const openSlice = (seat: number, bytes: Uint8Array): { slice: number; packed: Uint8Array } => {
    const blame = blamePeer('masked-input', seat)
    const { slice, packed } = decodeMaskedSlice(bytes, slices, blame)
    const range = sliceRange(config.segments, config.sliceLength, slice)
    blaming(blame, () => checkPacked(packed, segmentsInRange(config.segments, range)))
    return { slice, packed }
  }
  return {
    state,
    phase: 'masked-input',
    type: slices === 1 ? 'maskedInput' : 'maskedSlice',
    parts: slices,
    expected: seatsOf(clients),
    outbound: encoded('forwardedShares', server.sharesToForward(state), (seat) =>
      forwardedSharesCoder(peersOf.get(seat) ?? []),
    ),
    accepted: sum.seats,
    get runningSum() {
      return sum.whole
    },
    messages: () => [],
    settle: async () => {
      const failure = await uploads.foldAll()
      // A vector that is not in at all may come later, or not at all.
      if (failure !== undefined && !sum.isWhole) throw failure.error
    },
    check: async (seat, bytes) => {
      const blame = blamePeer('masked-input', seat)
      server.acceptMaskedInput(state, seat)
      if (slices === 1) {
        const packed = decodeMaskedInput(bytes, blame)
        return () => ({ status: 'accepted', fingerprint: blaming(blame, () => sum.add(seat, packed)) })
      }
      const { slice, packed } = openSlice(seat, bytes)
      return async () => {
        const outcome = await uploads.keep(seat, slice, packed)
        if ('room' in outcome) return { status: 'busy', ...outcome }
        return { status: 'accepted', ...outcome, finish: () => uploads.fold(seat) }
      }
    },
    again: async (seat, bytes) => {
      if (!uploads.isWaiting(seat)) return false
      const { slice, packed } = openSlice(seat, bytes)
      await uploads.keepAgain(seat, slice, packed)
      await uploads.fold(seat)
      return true
    },
    discard: (seat) => uploads.discard(seat),
    close: async () => {
      const failure = await uploads.foldAll()
      if (failure !== undefined) throw failure.error
      const { state: next } = server.closeMaskedInput(state, [...sum.seats])
      const phase =
        next.state === 'server-checking'
          ? checkPhase(next, sum.whole, context)
          : unmaskPhase(next, sum.whole, context)
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
