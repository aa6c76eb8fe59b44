import type { CoderType } from 'micro-packed'
import { SecAggError } from '../errors.js'
import { publishableSeats } from '../graph/index.js'
import { blamePeer, violation } from '../protocol/blame.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import { DistinctKeys, requireDistinct } from '../protocol/checks.js'
import { type RoundConfig, server } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { allSeats } from '../protocol/seats.js'
import {
  addPacked,
  copyVector,
  createVector,
  executeMaskPlan,
  reduceInto,
  type Vector,
} from '../vector/index.js'
import {
  advertiseKeysCoder,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMaskedInput,
  decodeMessage,
  encodeMessage,
  forwardedSharesCoder,
  type MessageType,
  publishedKeysCoder,
  shareKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../wire/index.js'
import { type FinishedRound, type OutboundBytes, type Phase, phaseOf } from './phase.js'

/** What the phases take from the session. */
export interface PhaseContext extends ServerCapabilities {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/** Round 0: collects public keys. */
export function advertisePhase(config: RoundConfig, context: PhaseContext): Phase {
  const state = server.openRound(config)
  const coder = advertiseKeysCoder(config.signatureLength)
  const distinct = new DistinctKeys()
  return phaseOf({
    state,
    round: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: async (seat, bytes) => {
      const message = decodeMessage('advertiseKeys', coder, bytes, blamePeer('advertise-keys', seat))
      const accepted = await server.acceptAdvertisedKeys(state, seat, message, context)
      return () => {
        requireDistinct(distinct, accepted)
        return accepted
      }
    },
    close: async (accepted) => {
      const { state: next, outbound } = server.publishKeys(state, accepted, context)
      return { accepted: seatsOf(next.clients), next: sharePhase(next, outbound, context) }
    },
  })
}

/** Round 1: collects sealed shares. */
function sharePhase(
  state: server.ServerSharing,
  outbound: ReturnType<typeof server.publishedKeys>,
  context: PhaseContext,
): Phase {
  const { config } = state
  return phaseOf({
    state,
    round: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: encoded('publishedKeys', outbound, () =>
      publishedKeysCoder(publishableSeats(config.graph, config.clients), config.signatureLength),
    ),
    check: (seat, bytes) => {
      const coder = shareKeysCoder(server.peersOf(state, seat).length)
      const message = decodeMessage('shareKeys', coder, bytes, blamePeer('share-keys', seat))
      const accepted = server.acceptSharedKeys(state, seat, message)
      return () => accepted
    },
    close: async (accepted) => {
      const { state: next, outbound: forwarded } = server.forwardShares(state, accepted)
      return { accepted: seatsOf(next.clients), next: maskPhase(next, forwarded, context) }
    },
  })
}

/** Round 2: folds masked vectors into one running sum as they arrive, so its memory is one vector. */
function maskPhase(
  state: server.ServerMasking,
  outbound: ReturnType<typeof server.forwardedShares>,
  context: PhaseContext,
): Phase {
  const { config, clients } = state
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, peers]))
  const sum = createVector(config.segments)
  return phaseOf({
    state,
    round: 'masked-input',
    type: 'maskedInput',
    expected: seatsOf(clients),
    outbound: encoded('forwardedShares', outbound, (seat) => forwardedSharesCoder(peersOf.get(seat) ?? [])),
    check: (seat, bytes) => {
      const blame = blamePeer('masked-input', seat)
      server.acceptMaskedInput(state, seat)
      const packed = decodeMaskedInput(bytes, blame)
      return () => {
        try {
          addPacked(sum, packed, config.segments)
        } catch (cause) {
          if (!(cause instanceof SecAggError)) throw cause
          throw violation(cause.code, blame, cause.message, { expected: cause.expected, got: cause.got })
        }
        return seat
      }
    },
    close: async (survivors) => {
      const { state: next, outbound: announced } = server.announceSurvivors(state, survivors)
      const messages = encoded('survivors', announced, (seat) =>
        survivorsCoder(server.nameableSurvivors(next, seat)),
      )
      const phase =
        next.state === 'server-checking'
          ? checkPhase(next, messages, sum, context)
          : unmaskPhase(next, messages, sum, context)
      return { accepted: next.survivors, next: phase }
    },
  })
}

/** Round 3, active model: collects signatures over U3. */
function checkPhase(
  state: server.ServerChecking,
  outbound: OutboundBytes,
  sum: Vector,
  context: PhaseContext,
): Phase {
  const { config } = state
  const coder = consistencyCheckCoder(config.signatureLength)
  return phaseOf({
    state,
    round: 'consistency-check',
    type: 'consistencyCheck',
    expected: state.survivors,
    outbound,
    check: async (seat, bytes) => {
      const message = decodeMessage('consistencyCheck', coder, bytes, blamePeer('consistency-check', seat))
      const accepted = await server.acceptConsistencyCheck(state, seat, message, context)
      return () => accepted
    },
    close: async (accepted) => {
      const { state: next, outbound: published } = server.publishSignatures(state, accepted)
      const messages = encoded('consistencySignatures', published, () =>
        consistencySignaturesCoder(allSeats(config), config.signatureLength),
      )
      return {
        accepted: published.recipients,

        next: unmaskPhase(next, messages, sum, context),
      }
    },
  })
}

/** Round 4: collects shares, reconstructs the masks and takes them off the sum. */
function unmaskPhase(
  state: server.ServerUnmasking,
  outbound: OutboundBytes,
  sum: Vector,
  context: PhaseContext,
): Phase {
  const { config, survivors } = state
  const survived = new Set(survivors)
  return phaseOf({
    state,
    round: 'unmasking',
    type: 'unmasking',
    expected: server.respondents(state),
    outbound,
    check: (seat, bytes) => {
      const coder = unmaskingCoder(server.ownersKnownTo(state, seat), survived)
      const message = decodeMessage('unmasking', coder, bytes, blamePeer('unmasking', seat))
      const accepted = server.acceptUnmasking(state, seat, message)
      return () => accepted
    },
    close: async (accepted) => {
      const { state: next, plan } = await server.reconstructMasks(state, accepted, context)
      // On a copy, so that the masked sum is still there where this fails midway.
      const unmasked = copyVector(sum)
      const { signal, onProgress } = context
      await executeMaskPlan(unmasked, config.segments, plan, suiteOf(config, context.crypto), {
        signal,
        onProgress,
      })
      reduceInto(unmasked, config.segments)
      const finished: FinishedRound = { state: next, sum: unmasked }
      return { accepted: seatsOf(accepted), next: finished }
    },
  })
}

function seatsOf(members: readonly { readonly seat: number }[]): readonly number[] {
  return members.map(({ seat }) => seat)
}

/** Encodes when asked; a message that goes to everybody is encoded once. */
function encoded<M>(
  type: MessageType,
  { recipients, messageFor }: server.Outbound<M>,
  coderFor: (seat: number) => CoderType<M>,
): OutboundBytes {
  let last: { message: M; bytes: Uint8Array } | undefined
  return {
    recipients,
    messageFor: (seat) => {
      const message = messageFor(seat)
      if (last?.message !== message) last = { message, bytes: encodeMessage(type, coderFor(seat), message) }
      return last.bytes
    },
  }
}
