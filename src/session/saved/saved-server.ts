import * as P from '../../codec/codec.js'
import { type Bytes, equalBytes, plainBytes } from '../../crypto/bytes.js'
import { type ErrorCode, PHASES, type PhaseName, SecAggError, usageError } from '../../errors.js'
import { provenHolders } from '../../graph/index.js'
import type { RoundPlane } from '../../plane/index.js'
import type { RoundConfig } from '../../protocol/index.js'
import {
  decodeSaved,
  encodeSaved,
  isSubset,
  list,
  members,
  onChosenGraph,
  seats,
  text,
} from '../../protocol/saved-format.js'
import * as server from '../../protocol/server/index.js'
import { splitSaved } from '../../telemetry/tracing.js'
import { FINGERPRINT_LENGTH, fingerprint } from '../../vector/fingerprint.js'
import { inclusionCoder, messageTypeCoder } from '../../wire/index.js'
import type { KnownMessage } from '../known-messages.js'
import { type Phase, type PhaseContext, seatsOf } from '../phase.js'
import { advertisePhase, maskPhase, sharePhase } from '../phases.js'
import type { Books, PhaseCount, Refusal } from '../report.js'
import { acknowledgePhase, checkPhase, unmaskPhase } from '../unmask-phase.js'
import { guarded, orStopped, planeRound, typed } from '../vectors.js'
import { type SaveSession, save } from './saved-client.js'

/** The saved part of a server's session. */
export interface SavedServer {
  readonly state: server.ServerState
  readonly books: Books
  readonly known: readonly KnownMessage[]
  /** The seats whose masked vectors are on the plane, while vectors are collected. */
  readonly folded: readonly number[]
  /** Chosen graph: the accepted proofs. They can be there before the vectors. */
  readonly proofs: readonly server.IncludingClient[]
  /** Accepted messages of the open phase, by seat. */
  readonly messages: readonly (readonly [seat: number, bytes: Uint8Array])[]
  /** The checkpoint of the plane. */
  readonly checkpoint: Bytes | undefined
}

/**
 * Three parts: the books, the state and the checkpoint of the plane. The books contain fingerprints of the other two, so that parts that
 * were saved at different times are detected.
 */
const parts = P.struct({ books: P.bytes(P.U32LE), state: P.bytes(P.U32LE), plane: P.bytes(null) })

const FINGERPRINT = P.bytes(FINGERPRINT_LENGTH)

/** Stores a session with the checkpoint of its plane, if the host stores sessions. */
export function saveServerSession(
  store: SaveSession | undefined,
  phase: Phase,
  books: Books,
  known: () => readonly KnownMessage[],
): Promise<void> {
  return save(store, async () => encodeServerSession(phase, books, known(), await phase.plane?.checkpoint()))
}

function encodeServerSession(
  phase: Phase,
  books: Books,
  known: readonly KnownMessage[],
  plane: Bytes = new Uint8Array(0),
): Bytes {
  const { config } = phase.state
  const state = server.encodeState(phase.state)
  const value = {
    ...books,
    known,
    folded: phase.phase === 'masked-input' ? [...phase.accepted.keys()].sort((a, b) => a - b) : [],
    proofs: [...(phase.proofs ?? [])].sort((a, b) => a.seat - b.seat),
    messages: [...phase.messages()].map(([seat, bytes]) => ({ seat, bytes })),
    state: fingerprint(state),
    plane: fingerprint(plane),
  }
  return plainBytes(
    parts.encode({ books: encodeSaved('server-session', config, booksCoder(config), value), state, plane }),
  )
}

/** @throws {SecAggError} The same errors as `server.decodeState`. */
export function decodeServerSession(bytes: Uint8Array, config: RoundConfig): SavedServer {
  const { books, state, plane } = partsOf(bytes)
  const { value } = decodeSaved(config, { 'server-session': booksCoder(config) }, books)
  if (!equalBytes(fingerprint(state), value.state) || !equalBytes(fingerprint(plane), value.plane)) {
    throw usageError('malformed-state', 'the parts of a saved session do not belong together')
  }
  return {
    state: server.decodeState(state, config),
    books: value,
    known: value.known,
    folded: value.folded,
    proofs: value.proofs,
    messages: value.messages.map((message) => [message.seat, message.bytes]),
    checkpoint: plane.length === 0 ? undefined : plainBytes(plane),
  }
}

function partsOf(bytes: Uint8Array): { books: Uint8Array; state: Uint8Array; plane: Uint8Array } {
  try {
    // A session that `serveRound` has saved with telemetry can be resumed without it, too.
    return parts.decode(splitSaved(bytes).message)
  } catch {
    throw usageError('malformed-state', 'the saved session is truncated')
  }
}

const phase = P.oneOf(
  P.U8,
  Object.fromEntries(PHASES.map((name, index) => [name, index])),
) as P.Coder<PhaseName>

/** Counts up to 2^32 − 1. */
const count: P.Coder<number> = P.converted(P.U32LE, {
  toValue: (stored) => stored,
  toStored: (counted) => Math.min(counted, 2 ** 32 - 1),
})

function booksCoder(config: RoundConfig) {
  return P.struct({
    phases: list(
      P.struct<PhaseCount>({ phase, expected: seats(config), accepted: seats(config), duplicates: count }),
    ),
    refused: list(
      P.struct<Refusal>({
        seat: P.U32LE,
        phase,
        code: text as P.Coder<ErrorCode>,
        reason: text,
        count,
      }),
    ),
    duplicates: count,
    known: list(P.struct<KnownMessage>({ type: messageTypeCoder, seat: P.U32LE, digests: P.bytes(P.U32LE) })),
    folded: seats(config),
    proofs: proofsCoder(config),
    messages: list(P.struct({ seat: P.U32LE, bytes: P.bytes(P.U32LE) })),
    state: FINGERPRINT,
    plane: FINGERPRINT,
  })
}

function proofsCoder(config: RoundConfig): P.Coder<readonly server.IncludingClient[]> {
  const field = onChosenGraph(config, ({ neighbors }) =>
    members<server.IncludingClient>(
      config,
      P.struct({ inclusion: inclusionCoder(neighbors, config.signatureLength) }),
    ),
  )
  return P.converted(field, { toValue: (proofs) => proofs ?? [], toStored: (proofs) => proofs })
}

/**
 * Restores the saved phase. Its messages are checked again.
 *
 * @throws {SecAggError} `malformed-state` if a message is now refused, for example because its sender's identity is no longer
 *   known; the refusal is the `cause`. Also what a verifier throws.
 */
export async function resumedPhase(saved: SavedServer, context: PhaseContext): Promise<Phase> {
  await typed(async () => context.plane.discardLeftovers?.(saved.state.config))
  const phase = await phaseOfState(saved, context)
  try {
    for (const [seat, bytes] of saved.messages) {
      const takeIn = await phase.check(seat, bytes)
      await takeIn()
    }
  } catch (cause) {
    phase.plane?.stop?.()
    if (!(cause instanceof SecAggError) || cause.fault !== 'peer') throw cause
    throw usageError('malformed-state', 'a message that was accepted before is now refused', { cause })
  }
  return phase
}

async function phaseOfState(saved: SavedServer, context: PhaseContext): Promise<Phase> {
  const { state, folded, proofs } = saved
  switch (state.state) {
    case 'server-advertising':
      return advertisePhase(state, context)
    case 'server-sharing':
      return sharePhase(state, context)
    case 'server-masking':
      if (
        isSubset(folded, seatsOf(state.clients)) &&
        (provenHolders(state.config.graph) === 0 || isSubset(folded, seatsOf(proofs)))
      ) {
        return onPlane(saved, state, folded, context, (plane) => maskPhase(state, context, plane, proofs))
      }
      break
    case 'server-checking':
      return onPlane(saved, state, state.survivors, context, (plane) => checkPhase(state, plane, context))
    case 'server-acknowledging':
      return onPlane(saved, state, state.survivors, context, (plane) =>
        acknowledgePhase(state, plane, context),
      )
    case 'server-unmasking':
      return onPlane(saved, state, state.survivors, context, (plane) => unmaskPhase(state, plane, context))
  }
  throw noOpenPhase()
}

/** Makes the phase of a plane that continues from its checkpoint. */
async function onPlane(
  { checkpoint }: SavedServer,
  {
    config,
    clients,
  }: { readonly config: RoundConfig; readonly clients: readonly { readonly seat: number }[] },
  members: readonly number[],
  context: PhaseContext,
  make: (plane: RoundPlane) => Phase,
): Promise<Phase> {
  if (checkpoint === undefined) throw noOpenPhase()
  const round = planeRound(config, seatsOf(clients), context)
  const plane = guarded(await typed(() => context.plane.resume(round, { checkpoint, members })))
  return orStopped(plane, () => make(plane))
}

function noOpenPhase(): SecAggError {
  return usageError('malformed-state', 'the saved session has no open phase')
}
