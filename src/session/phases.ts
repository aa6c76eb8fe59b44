import { SecAggError } from '../errors.js'
import { choiceLength } from '../graph/index.js'
import type { Folding, RoundPlane } from '../plane/index.js'
import {
  blamePeer,
  DistinctKeys,
  requireDistinct,
  requireSameConfiguration,
  violation,
} from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import { hybridFor } from '../protocol/hybrid-steps.js'
import { isHybrid } from '../protocol/keys.js'
import { Copies } from '../protocol/server/accepted.js'
import { checkAdvertisedKeys } from '../protocol/server/advertise-keys.js'
import * as server from '../protocol/server/index.js'
import { sealedBy } from '../protocol/server/share-keys.js'
import { type Segment, segmentsInRange } from '../vector/index.js'
import { passOn } from '../vector/pace.js'
import { checkPacked } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  advertiseKeysCoder,
  beginningOf,
  decodeMaskedInput,
  decodeMaskedSlice,
  decodeMessage,
  encodeMessage,
  HASH_LENGTH,
  messageType,
  type PublicKeys,
  shareKeysCoder,
  viewMessage,
} from '../wire/index.js'
import {
  keysMessages,
  type Phase,
  type PhaseContext,
  phaseOf,
  seatsOf,
  sharesMessages,
  type Taken,
  type Taking,
} from './phase.js'
import { Proofs, type Proven } from './proofs.js'
import { acknowledgePhase, checkPhase, unmaskPhase } from './unmask-phase.js'
import { guarded, orStopped, planeRound, requireMembers, typed } from './vectors.js'

/** AdvertiseKeys, the paper's round 0: collects public keys. */
export function advertisePhase(state: server.ServerAdvertising, context: PhaseContext): Phase {
  const { config } = state
  const coder = advertiseKeysCoder(config.signatureLength, choiceLength(config.graph), isHybrid(config))
  const distinct = new DistinctKeys()
  const copies = new Copies()
  return phaseOf({
    state,
    phase: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: (seat, bytes) => {
      const blame = blamePeer('advertise-keys', seat)
      // Checked before the length, which differs in the other adversary model.
      const hash = beginningOf('advertiseKeys', bytes, HASH_LENGTH, blame)
      if (hash !== undefined) requireSameConfiguration(config, hash, blame)
      // Signatures are checked later, in parallel, so the message is copied before.
      const decode = config.adversary === 'active' ? decodeMessage : viewMessage
      const message = decode('advertiseKeys', coder, bytes, blame)
      return checkAdvertisedKeys(state, seat, message, context)
    },
    keep: (checked) => {
      requireDistinct(distinct, checked)
      return config.adversary === 'active' ? checked : { ...checked, keys: copyOfKeys(checked.keys, copies) }
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
  let last: { readonly length: number; readonly coder: ReturnType<typeof shareKeysCoder> } | undefined
  const coderOf = (seat: number): ReturnType<typeof shareKeysCoder> => {
    const length = sealedBy(state, seat)
    if (last?.length !== length) last = { length, coder: shareKeysCoder(0, length) }
    return last.coder
  }
  // Apart from each other, because commitments are needed until the end.
  const [commitments, sealed] = [new Copies(), new Copies()]
  return phaseOf({
    state,
    phase: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: keysMessages(state),
    check: (seat, bytes) => {
      const message = viewMessage('shareKeys', coderOf(seat), bytes, blamePeer('share-keys', seat))
      return server.acceptSharedKeys(state, seat, message)
    },
    keep: ({ seat, commitment, ciphertexts }) => ({
      seat,
      commitment: commitments.copyOf(commitment),
      ciphertexts: sealed.copyOf(ciphertexts),
    }),
    encode: (accepted) => encodeMessage('shareKeys', coderOf(accepted.seat), accepted),
    close: async (accepted) => {
      const { state: next } = server.closeShareKeys(state, accepted, context)
      const round = planeRound(config, seatsOf(next.clients), context)
      const plane = guarded(await typed(() => context.plane.begin(round)))
      const phase = orStopped(plane, () => maskPhase(next, context, plane))
      return { accepted: seatsOf(next.clients), next: phase, undo: () => plane.close() }
    },
  })
}

/**
 * MaskedInputCollection, the paper's round 2: passes each vector to the plane, which adds it to a running sum as it arrives.
 * `known` are proofs of clients whose vectors are in the sum already.
 */
export function maskPhase(
  state: server.ServerMasking,
  context: PhaseContext,
  plane: RoundPlane,
  known?: readonly server.IncludingClient[],
): Phase {
  const { config, clients } = state
  const proofs = new Proofs(state, context, known)
  const complaints = hybridFor(config, context.crypto)?.collectComplaints(state)
  const seats = seatsOf(clients)
  const slices = sliceCount(config.segments, config.sliceLength)
  const shapeOf = (slice: number): readonly Segment[] =>
    segmentsInRange(config.segments, sliceRange(config.segments, config.sliceLength, slice))
  const whole = slices === 1 ? shapeOf(0) : undefined
  const shapeOfSlice = (slice: number): readonly Segment[] => whole ?? shapeOf(slice)
  const isElsewhere = (seat: number): boolean => plane.uploadFor?.(seat) !== undefined
  const openSlice = (seat: number, bytes: Uint8Array): { slice: number } & Proven => {
    const blame = blamePeer('masked-input', seat)
    const { slice, packed } =
      slices === 1
        ? { slice: 0, packed: decodeMaskedInput(bytes, blame) }
        : decodeMaskedSlice(bytes, slices, blame)
    const proven = proofs.split(packed, slice, blame)
    // A vector that goes elsewhere is not part of the message.
    const shape = isElsewhere(seat) ? [] : shapeOfSlice(slice)
    blaming(blame, () => checkPacked(proven.packed, shape))
    return { slice, ...proven }
  }
  return {
    state,
    phase: 'masked-input',
    type: slices === 1 ? 'maskedInput' : 'maskedSlice',
    parts: slices,
    ...(complaints && { alternative: 'complaint' as const }),
    hasAlternative: (seat) => complaints?.has(seat) === true,
    expected: seats,
    outbound: sharesMessages(state, context),
    get accepted() {
      // Vectors that arrive here come with their proofs.
      return plane.uploadFor === undefined ? plane.seats : proofs.among(plane.seats)
    },
    get proofs() {
      return proofs.all
    },
    plane,
    messages: () => complaints?.messages() ?? [],
    settle: async () => {
      await plane.settle()
    },
    check: (seat, bytes) => {
      if (complaints !== undefined && messageType(bytes) === 'complaint') return complaints.check(seat, bytes)
      server.acceptMaskedInput(state, seat)
      const { slice, packed, proof } = openSlice(seat, bytes)
      const taking = (proven: server.IncludingClient | undefined): Taking => {
        if (isElsewhere(seat)) {
          if (proven === undefined)
            throw violation('unexpected-message', blamePeer('masked-input', seat), ELSEWHERE)
          return () => {
            proofs.note(proven)
            return { status: 'accepted' }
          }
        }
        return () => {
          // The plane must not have the vector of a seat in the sum before its proof is known.
          proofs.note(proven)
          const folding = plane.fold(seat, slice, packed)
          // A fingerprint of the vector alone is not one of the message.
          const isWhole = proof === undefined
          return passOn(folding, (folded) => takenBy(folded, isWhole))
        }
      }
      return proof === undefined ? taking(undefined) : proofs.check(seat, proof).then(taking)
    },
    again: async (seat, bytes) => {
      // The plane has nothing to retry before it has all slices, nor after it has added them.
      if (slices === 1 || plane.seats.has(seat)) return false
      const { slice, packed } = openSlice(seat, bytes)
      return plane.again(seat, slice, packed)
    },
    uploadFor: (seat) => {
      const place = plane.uploadFor?.(seat)
      if (place === undefined || place === 'later' || proofs.has(seat)) return place
      return { address: place.address, ticket: NO_TICKET }
    },
    discard: (seat) => plane.discard(seat),
    close: async () => {
      const stateWith = (survivors: readonly number[]): AfterMasking => {
        // A vector that has arrived elsewhere counts, even if its sender has complained here.
        const open = complaints?.all.filter(({ seat }) => !survivors.includes(seat))
        // Without proofs on the graphs that have none; the state tells which phase is next.
        return server.closeMaskedInput(state, survivors, proofs.of(survivors), open, context).state
      }
      const { seats: settled, failure } = await plane.settle()
      if (failure !== undefined) throw failure.error
      // Sealing can be final. With too few vectors, the phase stays open for more.
      const arrived = settled.filter((seat) => proofs.has(seat))
      const expected = stateWith(arrived)
      const isProven = (seat: number): boolean => proofs.has(seat)
      const sealed = requireMembers(await plane.seal(isProven), seats.filter(isProven))
      // Large rounds with hybrid key agreement hash much for a state, so it is made once if the seats are the same.
      const isSame =
        sealed.length === arrived.length && arrived.every((seat, index) => seat === sealed[index])
      const next = isSame ? expected : stateWith(sealed)
      const phase = phaseAfterMasking(next, plane, context)
      return { accepted: next.survivors, next: phase, release: () => plane.release() }
    },
  }
}

/** `isWhole`: whether the plane was passed the whole content of the message. */
function takenBy(folding: Folding, isWhole: boolean): Taken {
  if ('room' in folding) return { status: 'busy', room: folding.room }
  const { fingerprint, finish } = folding
  return { status: 'accepted', fingerprint: isWhole ? fingerprint : undefined, finish }
}

const NO_TICKET = new Uint8Array(0)

const ELSEWHERE = 'in this round, masked vectors are not sent to the server'

type AfterMasking = server.ServerChecking | server.ServerAcknowledging | server.ServerUnmasking

function phaseAfterMasking(state: AfterMasking, plane: RoundPlane, context: PhaseContext): Phase {
  switch (state.state) {
    case 'server-checking':
      return checkPhase(state, plane, context)
    case 'server-acknowledging':
      return acknowledgePhase(state, plane, context)
    case 'server-unmasking':
      return unmaskPhase(state, plane, context)
  }
}

/** The keys of a client, without views of its message. */
function copyOfKeys(keys: PublicKeys, copies: Copies): PublicKeys {
  const copied: Partial<Record<keyof PublicKeys, Uint8Array>> = {}
  for (const name of Object.keys(keys) as (keyof PublicKeys)[]) copied[name] = copies.copyOf(keys[name]!)
  return copied as PublicKeys
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
