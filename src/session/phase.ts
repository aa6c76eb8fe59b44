import type { Coder } from '../codec/codec.js'
import type { Bytes } from '../crypto/bytes.js'
import type { PhaseName } from '../errors.js'
import { choiceLength, isChosen, publishableSeats } from '../graph/index.js'
import type { PlaneHome, RoundPlane, SumBlock, UploadPlace } from '../plane/index.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import { isHybrid } from '../protocol/keys.js'
import { sealedLengthBetween } from '../protocol/parcel-lengths.js'
import { seatsToPublish } from '../protocol/server/advertise-keys.js'
import * as server from '../protocol/server/index.js'
import { bytesToForward, columnsToForward } from '../protocol/server/sealed-shares.js'
import type { Vector } from '../vector/index.js'
import { passOn } from '../vector/pace.js'
import {
  encodeMessage,
  forwardedColumnCoder,
  forwardedSharesCoder,
  type MessageType,
  publishedKeysCoder,
} from '../wire/index.js'
// Only servers need it, and some bundlers keep every module of an index.
import { publishedEntries } from '../wire/published-entries.js'
import type { TellServer } from './events.js'

/** The server's messages at the beginning of a phase, as bytes. */
export interface OutboundBytes {
  /** Ascending. */
  readonly recipients: readonly number[]
  messageFor(seat: number): Bytes
}

/**
 * The result for a checked message. It was accepted, with the fingerprint of its content if that was computed anyway; or
 * there is no room for it at the moment.
 */
export type Taken =
  | {
      readonly status: 'accepted'
      readonly fingerprint?: Uint8Array | undefined
      /** To be called once the message is noted as accepted. If it fails, the message stays accepted. */
      readonly finish?: (() => Promise<void>) | undefined
    }
  | { readonly status: 'busy'; readonly room: Promise<void> }

/** Accepts a message that was checked. */
export type Taking = () => Taken | Promise<Taken>

/** The server while it collects messages of one type. */
export interface Phase {
  readonly state: server.ServerState
  readonly phase: PhaseName
  readonly type: MessageType
  /** Another type that a seat may send instead. */
  readonly alternative?: MessageType
  /** Whether the alternative was accepted from a seat. Nothing else is expected of it then. */
  hasAlternative?(seat: number): boolean
  /** How many messages each seat sends: one, or as many as a vector has slices. */
  readonly parts: number
  /** The seats that may answer, ascending. */
  readonly expected: readonly number[]
  /** The messages that the seats answer; none in the first phase. */
  readonly outbound: OutboundBytes
  /** The seats whose messages were accepted, in the order of arrival. */
  readonly accepted: ReadonlySet<number> | ReadonlyMap<number, unknown>
  /** On the chosen graph, while masked vectors are collected: the proofs that were accepted. */
  readonly proofs?: readonly server.IncludingClient[]
  /** The plane of Σ y, from the phase on in which vectors are collected. */
  readonly plane?: RoundPlane
  /**
   * The accepted messages, by seat, from which the phase can be restored. Masked inputs are not among them: they are on
   * the plane.
   */
  messages(): Iterable<readonly [seat: number, bytes: Uint8Array]>
  /** Completes what is only partly in the sum, so that `accepted`, `plane` and `messages` are consistent. */
  settle?(): Promise<void>
  /**
   * Checks one message. The function that it returns accepts the message, completely or not at all.
   * @throws {SecAggError} or rejects with one if the message is refused.
   */
  check(seat: number, bytes: Uint8Array): Taking | Promise<Taking>
  /**
   * Called if an accepted message comes again. Retries what failed after it was accepted. Returns whether there was anything
   * to retry.
   */
  again?(seat: number, bytes: Uint8Array): Promise<boolean>
  /** See `ServerSession.uploadFor`. */
  uploadFor?(seat: number): UploadPlace | 'later' | undefined
  /** Forgets the slices of an incomplete masked vector. Returns `false` if there are none. */
  discard?(seat: number): Promise<boolean>
  /**
   * Closes the phase with the clients that have answered.
   * @throws {SecAggError} if they are too few. The phase then stays open.
   */
  close(): Promise<Closed>
}

/** The result of closing a phase. */
export interface Closed {
  /** The seats whose messages were used. */
  readonly accepted: readonly number[]
  /** The next phase; after the last one, the sum. */
  readonly next: Phase | FinishedRound
  /** Releases what only the closed phase needed. To be called once the next phase is in place. */
  release?(): Promise<void>
  /** Ends what the next phase has begun. To be called if it cannot be saved, because the closed phase then stays open. */
  undo?(): Promise<void>
}

/** The end of a round. */
export interface FinishedRound {
  readonly state: server.ServerFinished
  /** `undefined` if it went to the sink. */
  readonly sum: Vector | undefined
}

/** The parts in which phases differ. */
interface PhaseSteps<A>
  extends Omit<
    Phase,
    'parts' | 'accepted' | 'messages' | 'settle' | 'check' | 'again' | 'discard' | 'close'
  > {
  /** Checks one message. Throws or rejects if it is refused. */
  check(seat: number, bytes: Uint8Array): A | Promise<A>
  /**
   * What is kept of a checked message, without views of its bytes. It throws if the message cannot be accepted beside those that
   * were accepted while it was checked.
   */
  keep(checked: A): A
  /** The bytes of an accepted message. */
  encode(accepted: A): Uint8Array
  /** `accepted`: in the order of arrival. */
  close(accepted: readonly A[]): Promise<Closed>
}

export function phaseOf<A>({ check, keep, encode, close, ...steps }: PhaseSteps<A>): Phase {
  const accepted = new Map<number, A>()
  const taking =
    (seat: number, checked: A): Taking =>
    () => {
      accepted.set(seat, keep(checked))
      return { status: 'accepted' }
    }
  return {
    ...steps,
    parts: 1,
    accepted,
    messages: function* () {
      for (const [seat, message] of accepted) yield [seat, encode(message)] as const
    },
    check: (seat, bytes) => passOn(check(seat, bytes), (checked) => taking(seat, checked)),
    close: () => close([...accepted.values()]),
  }
}

/** What the phases get from the session. */
export interface PhaseContext extends ServerCapabilities {
  readonly plane: PlaneHome
  readonly sink?: ((block: SumBlock) => void | Promise<void>) | undefined
  readonly maximumUploads: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((fraction: number) => void) | undefined
  /** Tells the host's listener. */
  readonly tell: TellServer
}

export function seatsOf(members: readonly { readonly seat: number }[]): readonly number[] {
  return members.map(({ seat }) => seat)
}

/** Encodes messages when they are asked for. A message to all clients is encoded once. */
export function encoded<M>(
  type: MessageType,
  { recipients, messageFor }: server.Outbound<M>,
  coderFor: (seat: number) => Coder<M>,
): OutboundBytes {
  let last: { message: M; bytes: Bytes } | undefined
  return {
    recipients,
    messageFor: (seat) => {
      const message = messageFor(seat)
      if (last?.message !== message) last = { message, bytes: encodeMessage(type, coderFor(seat), message) }
      return last.bytes
    },
  }
}

/** The messages of a phase, each encoded when it is asked for. */
export function messagesOf({ outbound }: Phase): Iterable<readonly [seat: number, bytes: Bytes]> {
  return {
    *[Symbol.iterator]() {
      for (const seat of outbound.recipients) yield [seat, outbound.messageFor(seat)] as const
    },
  }
}

/** The keys that each client may know of. */
export function keysMessages(state: server.ServerSharing): OutboundBytes {
  const { config, clients } = state
  const { signatureLength, graph } = config
  const universe = publishableSeats(graph, config.clients)
  const choice = choiceLength(graph)
  if (typeof universe !== 'number') {
    const coder = publishedKeysCoder(universe, signatureLength, choice, isHybrid(config))
    return encoded('publishedKeys', server.keysToPublish(state), () => coder)
  }
  const { recipients, messageFor } = seatsToPublish(state)
  let entries: ReturnType<typeof publishedEntries> | undefined
  return {
    recipients,
    messageFor: (seat) => {
      const seats = messageFor(seat)
      entries ??= publishedEntries(
        clients.map((client) => ({ seat: client.seat, value: client.keys })),
        universe,
        signatureLength,
        choice,
        isHybrid(config),
      )
      return entries(seats)
    },
  }
}

/** What is sealed to each client; in one piece, if all of it has the same length. */
export function sharesMessages(state: server.ServerMasking, context: PhaseContext): OutboundBytes {
  const { config, graph } = state
  if (isHybrid(config)) {
    return encoded('forwardedShares', server.sharesToForward(state, context), (seat) => {
      const { peers, owners } = server.sealersOf(state, seat)
      return forwardedSharesCoder(peers, owners, (peer) => sealedLengthBetween(config, graph, peer, seat))
    })
  }
  if (!isChosen(graph)) return bytesToForward(state)
  return encoded('forwardedShares', columnsToForward(state), (seat) => {
    const { peers, owners } = server.sealersOf(state, seat)
    return forwardedColumnCoder(peers, owners)
  })
}
