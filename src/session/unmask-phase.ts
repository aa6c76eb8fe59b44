import { wipeAll } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { graphOf, hasPlace, placesIn, provenHolders } from '../graph/index.js'
import type { RoundPlane } from '../plane/index.js'
import { blamePeer } from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import { Copies } from '../protocol/server/accepted.js'
import * as server from '../protocol/server/index.js'
import { reconstructFromColumns } from '../protocol/server/reconstruct-secrets.js'
import { acceptRevealed, type RevealedColumn, shareLengths } from '../protocol/server/unmask.js'
import type { Vector } from '../vector/index.js'
import { createPace } from '../vector/pace.js'
import {
  acknowledgementsCoder,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMessage,
  encodeMessage,
  livingOwnersCoder,
  survivorsCoder,
  unmaskingColumnCoder,
  viewMessage,
} from '../wire/index.js'
import {
  encoded,
  type FinishedRound,
  type OutboundBytes,
  type Phase,
  type PhaseContext,
  phaseOf,
  seatsOf,
} from './phase.js'
import { inOrder, joinBlocks, passBlocks } from './vectors.js'

/** ConsistencyCheck, the paper's round 3, active model only: collects signatures over U3. */
export function checkPhase(state: server.ServerChecking, plane: RoundPlane, context: PhaseContext): Phase {
  const { config } = state
  const coder = consistencyCheckCoder(config.signatureLength)
  return phaseOf({
    state,
    phase: 'consistency-check',
    type: 'consistencyCheck',
    expected: state.survivors,
    outbound: survivorsMessages(state),
    plane,
    check: (seat, bytes) => {
      const message = decodeMessage('consistencyCheck', coder, bytes, blamePeer('consistency-check', seat))
      return server.acceptConsistencyCheck(state, seat, message, context)
    },
    keep: (checked) => checked,
    encode: ({ signature }) => encodeMessage('consistencyCheck', coder, signature),
    close: async (accepted) => {
      const { state: next } = server.closeConsistencyCheck(state, accepted)
      return { accepted: server.respondents(next), next: unmaskPhase(next, plane, context) }
    },
  })
}

/** Phase 3 on the chosen graph: collects acknowledgements. */
export function acknowledgePhase(
  state: server.ServerAcknowledging,
  plane: RoundPlane,
  context: PhaseContext,
): Phase {
  const { graph, signatureLength } = state.config
  const coderOf = (seat: number) => acknowledgementsCoder(server.livingOwnerSeats(state, seat))
  return phaseOf({
    state,
    phase: 'consistency-check',
    type: 'acknowledgements',
    expected: state.survivors,
    outbound: encoded('livingOwners', server.livingOwnersToAnnounce(state), (seat) =>
      livingOwnersCoder(server.ownersKnownTo(state, seat), provenHolders(graph), signatureLength),
    ),
    plane,
    check: (seat, bytes) => {
      const message = decodeMessage(
        'acknowledgements',
        coderOf(seat),
        bytes,
        blamePeer('consistency-check', seat),
      )
      return server.acceptAcknowledgements(state, seat, message)
    },
    keep: (checked) => checked,
    encode: ({ seat, acknowledgements }) =>
      encodeMessage('acknowledgements', coderOf(seat), acknowledgements),
    close: async (accepted) => {
      const { state: next } = server.closeAcknowledgements(state, accepted)
      return { accepted: accepted.map(({ seat }) => seat), next: unmaskPhase(next, plane, context) }
    },
  })
}

/** The codes of what is found with much work. */
const FINDINGS: ReadonlySet<string> = new Set(['wrong-share', 'wrong-mask-secret'])

/** Unmasking, the paper's round 4: collects shares, reconstructs the masks and removes them from the sum. */
export function unmaskPhase(state: server.ServerUnmasking, plane: RoundPlane, context: PhaseContext): Phase {
  const lengthOf = shareLengths(state)
  const coderOf = (seat: number) => unmaskingColumnCoder(server.ownersKnownTo(state, seat), lengthOf)
  const copies = new Copies()
  /** Why the phase could not be closed, with this number of answers. */
  let failed: { readonly answers: number; readonly error: SecAggError } | undefined
  return phaseOf({
    state,
    phase: 'unmasking',
    type: 'unmasking',
    expected: server.respondents(state),
    outbound: lastMessages(state),
    plane,
    check: (seat, bytes) => {
      const message = viewMessage('unmasking', coderOf(seat), bytes, blamePeer('unmasking', seat))
      return acceptRevealed(state, seat, message)
    },
    keep: ({ seat, shares: { seats, bytes } }) => ({ seat, shares: { seats, bytes: copies.copyOf(bytes) } }),
    encode: ({ seat, shares }) => encodeMessage('unmasking', coderOf(seat), shares),
    close: async (accepted) => {
      // Accepted answers do not change, so the same number of them would lead to the same error after the same work. If secrets
      // for masks are wrong, no further answers help.
      if (failed?.answers === accepted.length || failed?.error.code === 'wrong-mask-secret')
        throw failed.error
      const { state: next } = await reconstructSecrets(state, accepted, context).catch((error: unknown) => {
        if (error instanceof SecAggError && FINDINGS.has(error.code)) {
          failed = { answers: accepted.length, error }
        }
        throw error
      })
      context.tell({
        type: 'secrets-recovered',
        phase: 'unmasking',
        selfMasks: next.selfMasks.length,
        maskKeys: next.maskKeys.length,
        wrongShares: next.wrongShares.length,
      })
      let sum: Vector | undefined
      try {
        sum = await unmaskedSum(next, plane, context)
      } finally {
        wipeAll(server.secretsIn(next))
      }
      const finished: FinishedRound = { state: next, sum }
      const release = async (): Promise<void> => {
        wipeAll(accepted.map(({ shares }) => shares.bytes))
        await plane.close()
      }
      return { accepted: seatsOf(accepted), next: finished, release }
    },
  })
}

/** The messages with which the last phase begins. */
function lastMessages(state: server.ServerUnmasking): OutboundBytes {
  const { config, clients, graph, consistent, acknowledging } = state
  if (acknowledging !== undefined) {
    const { holders } = graphOf(graph, config.clients)
    return encoded('collectedAcknowledgements', server.acknowledgementsToForward(state), (seat) =>
      acknowledgementsCoder(holders(seat).filter((holder) => hasPlace(placesIn(clients), holder))),
    )
  }
  if (consistent === undefined) return survivorsMessages(state)
  return encoded('consistencySignatures', server.signaturesToPublish(state), () =>
    consistencySignaturesCoder(allSeats(config), config.signatureLength),
  )
}

/** U3, or the part of it that each survivor is told. */
function survivorsMessages(state: server.ServerChecking | server.ServerUnmasking): OutboundBytes {
  return encoded('survivors', server.survivorsToAnnounce(state), (seat) =>
    survivorsCoder(server.nameableSurvivors(state, seat)),
  )
}

/** Gives the event loop turns in between. `signal` aborts it. */
function reconstructSecrets(
  state: server.ServerUnmasking,
  accepted: readonly RevealedColumn[],
  { crypto, signal }: PhaseContext,
): ReturnType<typeof reconstructFromColumns> {
  const pace = createPace(Number.POSITIVE_INFINITY, { signal })
  return reconstructFromColumns(state, accepted, {
    crypto,
    onWork: (units) => pace.step(units * BYTES_PER_UNIT),
  })
}

/** One unit of work on shares takes as long as masking this many bytes of a vector. */
const BYTES_PER_UNIT = 512

/** Lets the plane remove the masks from a copy of the sum. If this fails midway, the masked sum is as before. */
async function unmaskedSum(
  state: server.ServerFinished,
  plane: RoundPlane,
  { crypto, sink, signal, onProgress }: PhaseContext,
): Promise<Vector | undefined> {
  const { segments } = state.config
  const { deriveSeeds } = plane
  const plans = server.planUnmasking(state, { crypto, deriveSeeds })
  const terms = server.countMaskTerms(state)
  const blocks = inOrder(plane.unmask(plans, { terms, signal, onProgress }), segments)
  if (sink === undefined) return joinBlocks(blocks, segments)
  await passBlocks(blocks, segments, sink)
  return undefined
}
