import type { CoderType } from 'micro-packed'
import type { Bytes } from '../crypto/bytes.js'
import type { PhaseName } from '../errors.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import type { server } from '../protocol/index.js'
import type { Accumulator, MaskExecutor, Vector } from '../vector/index.js'
import { encodeMessage, type MessageType } from '../wire/index.js'
import type { TellServer } from './events.js'
import type { SliceStore } from './slice-uploads.js'

/** The messages with which a phase begins, as bytes. */
export interface OutboundBytes {
  /** Ascending. */
  readonly recipients: readonly number[]
  messageFor(seat: number): Bytes
}

/**
 * What became of a checked message: taken in, with the fingerprint of its content where that came out by the way; or
 * left, as there is no room for it at the moment.
 */
export type Taken =
  | {
      readonly status: 'accepted'
      readonly fingerprint?: Uint8Array
      /** What is left to do once the message is noted as accepted; it stays accepted where this fails. */
      finish?(): Promise<void>
    }
  | { readonly status: 'busy'; readonly room: Promise<void> }

/** The server collecting one kind of message. */
export interface Phase {
  readonly state: server.ServerState
  readonly phase: PhaseName
  readonly type: MessageType
  /** How many messages each seat sends: one, or the slices of a vector. */
  readonly parts: number
  /** The seats that may answer, ascending. */
  readonly expected: readonly number[]
  /** What they answer to; in round 0 nothing. */
  readonly outbound: OutboundBytes
  readonly accepted: ReadonlySet<number>
  /** Σ y as far as it goes, from the round on in which it is summed up. */
  readonly runningSum?: Accumulator
  /**
   * The accepted messages, by seat, from which the phase can be made again; but for masked inputs, which are in the running
   * sum.
   */
  messages(): Iterable<readonly [seat: number, bytes: Uint8Array]>
  /** Finishes what is only half taken in, so that what `accepted`, `runningSum` and `messages` say fits together. */
  settle?(): Promise<void>
  /**
   * Checks one message; what it returns then takes the message in, wholly or not at all.
   * @throws {SecAggError} where the message is refused.
   */
  check(seat: number, bytes: Uint8Array): Promise<() => Taken | Promise<Taken>>
  /**
   * An accepted message has come again: goes on with what has failed after it was accepted. Whether there was anything, and
   * it has succeeded.
   */
  again?(seat: number, bytes: Uint8Array): Promise<boolean>
  /** Forgets the slices of a masked vector that is not whole yet; `false` where there is no such. */
  discard?(seat: number): Promise<boolean>
  /**
   * Goes on with those who have answered.
   * @throws {SecAggError} where they are too few; the phase is then still open.
   */
  close(): Promise<Closed>
}

/** What comes after a phase. */
export interface Closed {
  /** The seats whose message counts. */
  readonly accepted: readonly number[]
  /** The next phase, or the sum after the last. */
  readonly next: Phase | FinishedRound
  /** Gives up what only the closed phase needed; to be called once the next one is kept. */
  release?(): Promise<void>
}

/** The end of a round. */
export interface FinishedRound {
  readonly state: server.ServerFinished
  readonly sum: Vector
}

/** What one phase differs in from another. */
interface PhaseSteps<A>
  extends Omit<
    Phase,
    'parts' | 'accepted' | 'messages' | 'settle' | 'check' | 'again' | 'discard' | 'close'
  > {
  /** Checks one message; what it returns makes the accepted one, synchronously, or throws and changes nothing. */
  check(seat: number, bytes: Uint8Array): Promise<() => A> | (() => A)
  /** The message that was accepted as this. */
  encode(accepted: A): Uint8Array
  /** `accepted`: in the order of arrival. */
  close(accepted: readonly A[]): Promise<Closed>
}

export function phaseOf<A>({ check, encode, close, ...steps }: PhaseSteps<A>): Phase {
  const accepted = new Map<number, A>()
  const seats = new Set<number>()
  return {
    ...steps,
    parts: 1,
    accepted: seats,
    messages: function* () {
      for (const [seat, message] of accepted) yield [seat, encode(message)] as const
    },
    check: async (seat, bytes) => {
      const make = await check(seat, bytes)
      return () => {
        accepted.set(seat, make())
        seats.add(seat)
        return { status: 'accepted' }
      }
    },
    close: () => close([...accepted.values()]),
  }
}

/** What the phases take from the session. */
export interface PhaseContext extends ServerCapabilities {
  readonly maskExecutor: MaskExecutor
  readonly sliceStore: SliceStore
  readonly maximumUploads: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((fraction: number) => void) | undefined
  /** Tells the host's listener. */
  readonly tell: TellServer
}

export function seatsOf(members: readonly { readonly seat: number }[]): readonly number[] {
  return members.map(({ seat }) => seat)
}

/** Encodes when asked; a message that goes to everybody is encoded once. */
export function encoded<M>(
  type: MessageType,
  { recipients, messageFor }: server.Outbound<M>,
  coderFor: (seat: number) => CoderType<M>,
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
