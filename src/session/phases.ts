import { SecAggError } from '../errors.js'
import { choiceLength, publishableSeats } from '../graph/index.js'
import {
  blamePeer,
  DistinctKeys,
  requireDistinct,
  requireSameConfiguration,
  violation,
} from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import { server } from '../protocol/index.js'
import { isHybrid } from '../protocol/keys.js'
import { sealedLengthBetween } from '../protocol/server/pairs.js'
import { columnsToForward, sealedBy } from '../protocol/server/share-keys.js'
import { type Accumulator, segmentsInRange } from '../vector/index.js'
import { checkPacked } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  advertiseKeysCoder,
  beginningOf,
  decodeMaskedInput,
  decodeMaskedSlice,
  decodeMessage,
  encodeMessage,
  forwardedColumnCoder,
  forwardedSharesCoder,
  HASH_LENGTH,
  messageType,
  publishedKeysCoder,
  shareKeysCoder,
} from '../wire/index.js'
import { Complaints } from './complaints.js'
import { type Folded, MaskedSum, Proofs, type Proven } from './masked-sum.js'
import { encoded, type OutboundBytes, type Phase, type PhaseContext, phaseOf, seatsOf } from './phase.js'
import { Uploads } from './slice-uploads.js'
import { acknowledgePhase, checkPhase, unmaskPhase } from './unmask-phase.js'

/** AdvertiseKeys, the paper's round 0: collects public keys. */
export function advertisePhase(state: server.ServerAdvertising, context: PhaseContext): Phase {
  const { config } = state
  const coder = advertiseKeysCoder(config.signatureLength, choiceLength(config.graph), isHybrid(config))
  const distinct = new DistinctKeys()
  return phaseOf({
    state,
    phase: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: async (seat, bytes) => {
      const blame = blamePeer('advertise-keys', seat)
      // Checked before the length, which differs in the other adversary model.
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
  const coderOf = (seat: number) => shareKeysCoder(0, sealedBy(state, seat))
  return phaseOf({
    state,
    phase: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: encoded('publishedKeys', server.keysToPublish(state), () =>
      publishedKeysCoder(
        publishableSeats(config.graph, config.clients),
        config.signatureLength,
        choiceLength(config.graph),
        isHybrid(config),
      ),
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
  const proofs = new Proofs(state, context, folded?.proofs)
  const complaints = new Complaints(state)
  const seats = seatsOf(clients)
  const sum = new MaskedSum(config, folded)
  const slices = sliceCount(config.segments, config.sliceLength)
  const uploads = new Uploads(config, sum, context)
  const openSlice = (seat: number, bytes: Uint8Array): { slice: number } & Proven => {
    const blame = blamePeer('masked-input', seat)
    const { slice, packed } =
      slices === 1
        ? { slice: 0, packed: decodeMaskedInput(bytes, blame) }
        : decodeMaskedSlice(bytes, slices, blame)
    const proven = proofs.split(packed, slice, blame)
    const range = sliceRange(config.segments, config.sliceLength, slice)
    blaming(blame, () => checkPacked(proven.packed, segmentsInRange(config.segments, range)))
    return { slice, ...proven }
  }
  return {
    state,
    phase: 'masked-input',
    type: slices === 1 ? 'maskedInput' : 'maskedSlice',
    parts: slices,
    ...(isHybrid(config) && { alternative: 'complaint' as const }),
    get expected() {
      return complaints.isEmpty ? seats : seats.filter((seat) => !complaints.has(seat))
    },
    outbound: sharesMessages(state),
    accepted: sum.seats,
    get proofs() {
      return proofs.of([...sum.seats])
    },
    get runningSum() {
      return sum.whole
    },
    messages: () => complaints.messages(),
    settle: async () => {
      const failure = await uploads.foldAll()
      // Only a vector that is partly in the sum matters: others may still come, or never come.
      if (failure !== undefined && !sum.isWhole) throw failure.error
    },
    check: async (seat, bytes) => {
      if (messageType(bytes) === 'complaint') return complaints.check(seat, bytes, sum.slicesOf(seat) > 0)
      server.acceptMaskedInput(state, seat)
      const { slice, packed, proof } = openSlice(seat, bytes)
      const proven = await proofs.check(seat, proof)
      // A fingerprint of the vector alone is not one of the message.
      const marked = (fingerprint: Uint8Array) => (proof === undefined ? { fingerprint } : {})
      if (slices === 1) {
        return () => {
          const fingerprint = sum.add(seat, packed)
          proofs.note(proven)
          return { status: 'accepted', ...marked(fingerprint) }
        }
      }
      return async () => {
        const outcome = await uploads.keep(seat, slice, packed)
        if ('room' in outcome) return { status: 'busy', ...outcome }
        proofs.note(proven)
        return { status: 'accepted', ...marked(outcome.fingerprint), finish: () => uploads.fold(seat) }
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
      const survivors = [...sum.seats]
      // Without proofs on the graphs that have none; the state tells which phase is next.
      const { state: next }: { state: AfterMasking } = server.closeMaskedInput(
        state,
        survivors,
        proofs.of(survivors),
        complaints.all,
      )
      const phase = phaseAfterMasking(next, sum.whole, context)
      return { accepted: next.survivors, next: phase, release: () => uploads.close() }
    },
  }
}

type AfterMasking = server.ServerChecking | server.ServerAcknowledging | server.ServerUnmasking

function phaseAfterMasking(state: AfterMasking, sum: Accumulator, context: PhaseContext): Phase {
  switch (state.state) {
    case 'server-checking':
      return checkPhase(state, sum, context)
    case 'server-acknowledging':
      return acknowledgePhase(state, sum, context)
    case 'server-unmasking':
      return unmaskPhase(state, sum, context)
  }
}

/** What is sealed to each client; in one piece, if all of it has the same length. */
function sharesMessages(state: server.ServerMasking): OutboundBytes {
  const { config, graph } = state
  if (isHybrid(config)) {
    return encoded('forwardedShares', server.sharesToForward(state), (seat) => {
      const { peers, owners } = server.sealersOf(state, seat)
      return forwardedSharesCoder(peers, owners, (peer) => sealedLengthBetween(config, graph, peer, seat))
    })
  }
  return encoded('forwardedShares', columnsToForward(state), (seat) => {
    const { peers, owners } = server.sealersOf(state, seat)
    return forwardedColumnCoder(peers, owners)
  })
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
