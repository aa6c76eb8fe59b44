import type { PhaseName, RoundConfig } from 'secagg'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { type MessageType, openEnvelope } from '../../../src/wire/index.js'
import { ensure } from '../target.js'
import { Slices } from './vectors.js'

/** The types of the messages that clients send in a round. */
export const TYPES_OF: Readonly<Record<PhaseName, readonly MessageType[]>> = {
  'advertise-keys': ['advertiseKeys'],
  'share-keys': ['shareKeys'],
  'masked-input': ['maskedInput', 'maskedSlice'],
  'consistency-check': ['consistencyCheck'],
  unmasking: ['unmasking'],
}

/** One client as the transcript sees it. */
export class Party {
  started: Uint8Array | undefined
  /** The last message that it took in, and what it answered. */
  last: { readonly inbound: Uint8Array; readonly answer: Uint8Array } | undefined
  readonly took: Set<MessageType> = new Set()
  /** What its own session made for the server. */
  readonly made: Uint8Array[] = []
  /** Whether the server took in another message about keys or shares for it. */
  deviates = false
  /** What the server made for it. */
  readonly sent: Uint8Array[] = []
  /** Its masked vector as it sent it, where it goes in slices. */
  slices: readonly Uint8Array[] = []
  /** Its own masked vector, and the one that the server took in for it. */
  readonly masked: Slices
  readonly taken: Slices
  /** Whether it was lied to about who takes part with which keys, so that its masks fit no others. */
  deceived = false
  /** What the server took in for it, by type and slice. */
  readonly #accepted = new Map<string, Uint8Array>()
  /** Slices that the server may have taken in: its store has failed. */
  readonly #uncertain = new Map<string, Uint8Array>()
  /** Slices of a vector that is not in the sum, which a server that was resumed may still know. */
  readonly #remembered = new Map<string, Uint8Array>()

  constructor(config: RoundConfig) {
    this.masked = new Slices(config)
    this.taken = new Slices(config)
  }

  /** The server says that it takes a message in, or that it has done so before. */
  accept(bytes: Uint8Array): void {
    const { key, content } = keyOf(bytes)
    const known = this.#accepted.get(key)
    ensure(known === undefined || equalBytes(known, content), `two versions of ${key} are accepted`)
    this.#accepted.set(key, Uint8Array.from(content))
    this.deviates ||= !key.startsWith('masked') && !this.made.some((own) => equalBytes(own, bytes))
    this.#uncertain.delete(key)
    this.taken.put(bytes)
  }

  /** The store has failed over a message. */
  doubt(bytes: Uint8Array): void {
    const { key } = keyOf(bytes)
    if (!this.#accepted.has(key)) this.#uncertain.set(key, Uint8Array.from(bytes))
  }

  /** Whether the server has taken a message in, or may have. */
  mayHaveSent(bytes: Uint8Array): boolean {
    const { key, content } = keyOf(bytes)
    const known = this.#accepted.get(key)
    if (known !== undefined) return equalBytes(known, content)
    const doubted = this.#uncertain.get(key)
    const remembered = this.#remembered.get(key)
    return (
      (doubted !== undefined && equalBytes(doubted, bytes)) ||
      (remembered !== undefined && equalBytes(remembered, content))
    )
  }

  /** The vector is in the sum: whatever is in doubt of it was taken in. */
  settle(): void {
    for (const bytes of [...this.#uncertain.values()]) this.accept(bytes)
  }

  /** A server that was resumed goes on without this vector. */
  leaveOut(): void {
    for (const [key, content] of this.#accepted) {
      if (key.startsWith('maskedSlice ')) this.#remembered.set(key, content)
    }
    this.forget(['maskedInput', 'maskedSlice'])
  }

  /** The server has nothing of these types any more. */
  forget(types: readonly string[]): void {
    for (const known of [this.#accepted, this.#uncertain]) {
      for (const key of [...known.keys()])
        if (types.some((type) => key.startsWith(`${type} `))) known.delete(key)
    }
    if (types.includes('maskedSlice') || types.includes('maskedInput')) this.taken.clear()
  }
}

function keyOf(bytes: Uint8Array): { readonly key: string; readonly content: Uint8Array } {
  const { type, part, content } = openEnvelope(bytes) ?? { type: 'none', part: 0, content: bytes }
  return { key: `${type} ${part}`, content }
}
