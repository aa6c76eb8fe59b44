import { blamePeer } from '../protocol/blame.js'
import { server } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { allSeats } from '../protocol/seats.js'
import type { Accumulator, Vector } from '../vector/index.js'
import {
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMessage,
  unmaskingCoder,
} from '../wire/index.js'
import { type FinishedRound, type OutboundBytes, type Phase, phaseOf } from './phase.js'
import { encoded, type PhaseContext, seatsOf } from './phase-context.js'

/** Round 3, active model: collects signatures over U3. */
export function checkPhase(
  state: server.ServerChecking,
  outbound: OutboundBytes,
  sum: Accumulator,
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
export function unmaskPhase(
  state: server.ServerUnmasking,
  outbound: OutboundBytes,
  sum: Accumulator,
  context: PhaseContext,
): Phase {
  const { survivors } = state
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
      const { state: next } = await server.reconstructSecrets(state, accepted, context)
      // On a copy, so that the masked sum is still there where this fails midway.
      const unmasked = sum.toVector()
      await removeMasks(unmasked, next, context)
      const finished: FinishedRound = { state: next, sum: unmasked }
      return { accepted: seatsOf(accepted), next: finished }
    },
  })
}

/** Executes one plan while the keys for the next are agreed on. */
async function removeMasks(sum: Vector, state: server.ServerUnmasked, context: PhaseContext): Promise<void> {
  const { crypto, maskExecutor, signal, onProgress } = context
  const { segments } = state.config
  const suite = suiteOf(state.config, crypto)
  const terms = server.countMaskTerms(state)
  let done = 0
  let executing = Promise.resolve()
  try {
    for await (const plan of server.maskPlans(state, context)) {
      await executing
      const before = done
      done += plan.length
      executing = maskExecutor(sum, segments, plan, suite, {
        signal,
        onProgress: onProgress && ((fraction) => onProgress((before + fraction * plan.length) / terms)),
      })
      // Whatever goes wrong is seen at the next turn.
      executing.catch(() => undefined)
    }
  } finally {
    await executing
  }
}
