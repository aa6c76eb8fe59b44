import { SecAggError } from '../errors.js'
import { publishableSeats } from '../graph/index.js'
import {
  blamePeer,
  DistinctKeys,
  requireDistinct,
  requireSameConfiguration,
  violation,
} from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import { server } from '../protocol/index.js'
import { segmentsInRange } from '../vector/index.js'
import { checkPacked } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  advertiseKeysCoder,
  beginningOf,
  decodeMaskedInput,
  decodeMaskedSlice,
  decodeMessage,
  encodeMessage,
  forwardedSharesCoder,
  HASH_LENGTH,
  publishedKeysCoder,
  shareKeysCoder,
} from '../wire/index.js'
import { type Folded, MaskedSum } from './masked-sum.js'
import { encoded, type Phase, type PhaseContext, phaseOf, seatsOf } from './phase.js'
import { Uploads } from './slice-uploads.js'
import { checkPhase, unmaskPhase } from './unmask-phase.js'

/** AdvertiseKeys, the paper's round 0: collects public keys. */
export function advertisePhase(state: server.ServerAdvertising, context: PhaseContext): Phase {
  const { config } = state
  const coder = advertiseKeysCoder(config.signatureLength)
  const distinct = new DistinctKeys()
  return phaseOf({
    state,
    phase: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: async (seat, bytes) => {
      const blame = blamePeer('advertise-keys', seat)
      // Before the length, which differs in the other adversary model.
      const hash = beginningOf('advertiseKeys', bytes, HASH_LENGTH, blame)
      if (hash !== undefined) requireSameConfiguration(config, hash, blame)
      const message = decodeMessage('advertiseKeys', coder, bytes, blame)
      const accepted = await server.acceptAdvertisedKeys(state, seat, message, context)
      return () => {
        requireDistinct(distinct, accepted)
        return accepted
      }
    },
    encode: ({ keys }) => encodeMessage('advertiseKeys', coder, { configurationHash: config.hash, ...keys }),
    close: async (accepted) => {
      const { state: next } = server.closeAdvertiseKeys(state, accepted, context)
      return { accepted: seatsOf(next.clients), next: sharePhase(next, context) }
    },
  })
}

/** ShareKeys, the paper's round 1: collects sealed shares. */
export function sharePhase(state: server.ServerSharing, context: PhaseContext): Phase {
  const { config } = state
  const coderOf = (seat: number) => shareKeysCoder(server.peersOf(state, seat).length)
  return phaseOf({
    state,
    phase: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: encoded('publishedKeys', server.keysToPublish(state), () =>
      publishedKeysCoder(publishableSeats(config.graph, config.clients), config.signatureLength),
    ),
    check: (seat, bytes) => {
      const message = decodeMessage('shareKeys', coderOf(seat), bytes, blamePeer('share-keys', seat))
      const accepted = server.acceptSharedKeys(state, seat, message)
      return () => accepted
    },
    encode: (accepted) => encodeMessage('shareKeys', coderOf(accepted.seat), accepted),
    close: async (accepted) => {
      const { state: next } = server.closeShareKeys(state, accepted)
      return { accepted: seatsOf(next.clients), next: maskPhase(next, context) }
    },
  })
}

/** MaskedInputCollection, the paper's round 2: adds each vector to a running sum as it arrives, which needs memory for one vector. */
export function maskPhase(state: server.ServerMasking, context: PhaseContext, folded?: Folded): Phase {
  const { config, clients } = state
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, peers]))
  const sum = new MaskedSum(config, folded)
  const slices = sliceCount(config.segments, config.sliceLength)
  const uploads = new Uploads(config, sum, context)
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
      // Only a vector that is partly in the sum matters: others may still come, or never come.
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

/** Turns an error of the vector core about a packed vector into one that names its sender. */
function blaming<T>(blame: ReturnType<typeof blamePeer>, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof SecAggError)) throw cause
    throw violation(cause.code, blame, cause.message, { expected: cause.expected, got: cause.got })
  }
}
