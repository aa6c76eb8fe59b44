import { sha256 } from '@noble/hashes/sha2.js'
import { type Bytes, equalBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { FINGERPRINT_LENGTH, fingerprint, fingerprintInto } from '../vector/fingerprint.js'
import { sliceCount } from '../vector/segments.js'
import type { Envelope, MessageType } from '../wire/index.js'
import type { Phase } from './phase.js'

/** How many bytes of a digest are kept. Sixteen zeros mean that there is no digest. */
const KEPT = 16

/** Digests of the accepted messages of one type from one seat: one, or one for each slice of a vector, in order. */
export interface KnownMessage {
  readonly type: MessageType
  readonly seat: number
  readonly digests: Uint8Array
}

/** What is known of the messages of one type. A seat has either digests or a fingerprint. */
interface KnownType {
  readonly digests: Map<number, Uint8Array>
  readonly fingerprints: Fingerprints
}

/**
 * Remembers each accepted message, to distinguish a repeated message from a second version: by its fingerprint, and in saved
 * sessions by 16 bytes of a digest of that. Digests of slices are made at once, because they are shorter.
 */
export class KnownMessages {
  readonly #slices: number
  readonly #clients: number
  readonly #types = new Map<MessageType, KnownType>()

  /** @throws {SecAggError} `malformed-state` if `known` does not fit this configuration. */
  constructor({ segments, sliceLength, clients }: RoundConfig, known: readonly KnownMessage[] = []) {
    this.#slices = sliceCount(segments, sliceLength)
    this.#clients = clients
    for (const { type, seat, digests } of known) {
      if (digests.length !== this.#lengthOf(type)) {
        throw usageError('malformed-state', 'digests of accepted messages have the wrong length')
      }
      this.#ofType(type).digests.set(seat, digests)
    }
  }

  /** Notes an accepted message. `accepted` is the fingerprint of its content, if that is known. */
  note(message: Envelope, seat: number, accepted: Uint8Array | undefined): void {
    const { type, part } = message
    const { digests, fingerprints } = this.#ofType(type)
    if (type !== 'maskedSlice') {
      if (accepted === undefined) fingerprints.set(seat, message.content)
      else fingerprints.setKnown(seat, accepted)
      return
    }
    const ofSeat = digests.get(seat) ?? new Uint8Array(this.#lengthOf(type))
    ofSeat.set(digestOf(accepted ?? fingerprint(message.content)), KEPT * part)
    digests.set(seat, ofSeat)
  }

  hasAnyOf(type: MessageType): boolean {
    return this.#types.has(type)
  }

  /** Whether a message of this type, or this slice of a vector, was accepted from this seat. */
  has({ type, part }: Envelope, seat: number): boolean {
    const known = this.#types.get(type)
    if (known === undefined) return false
    return known.fingerprints.has(seat) || digestIn(known, part, seat) !== undefined
  }

  /** Whether a message of this type, or a slice of a vector, was accepted from this seat. */
  hasBegun(type: MessageType, seat: number): boolean {
    const known = this.#types.get(type)
    return known !== undefined && (known.fingerprints.has(seat) || known.digests.has(seat))
  }

  /** Whether the same message was accepted from this seat. */
  isRepeated(message: Envelope, seat: number): boolean {
    const known = this.#types.get(message.type)
    if (known === undefined) return false
    if (known.fingerprints.has(seat)) {
      return equalBytes(known.fingerprints.get(seat), fingerprint(message.content))
    }
    const digest = digestIn(known, message.part, seat)
    return digest !== undefined && equalBytes(digest, digestOf(fingerprint(message.content)))
  }

  /** Forgets the slices of a vector that will be sent again from its beginning. */
  forgetSlices(seat: number): void {
    this.#types.get('maskedSlice')?.digests.delete(seat)
  }

  /** All digests, except those of slices of incomplete vectors. Where vectors go elsewhere, a slice here is a whole proof. */
  wholeMessages(phase: Phase): KnownMessage[] {
    const isWhole = ({ type, seat }: KnownMessage): boolean =>
      type !== 'maskedSlice' ||
      type !== phase.type ||
      phase.accepted.has(seat) ||
      phase.uploadFor?.(seat) !== undefined
    return [...this.#types]
      .flatMap(([type, { digests, fingerprints }]) => {
        // From now on these digests are kept instead, so that no fingerprint is hashed twice.
        for (const [seat, ofSeat] of fingerprints.takeAll()) digests.set(seat, digestOf(ofSeat))
        return [...digests].map(([seat, ofSeat]) => ({ type, seat, digests: ofSeat }))
      })
      .filter(isWhole)
  }

  #lengthOf(type: MessageType): number {
    return KEPT * (type === 'maskedSlice' ? this.#slices : 1)
  }

  #ofType(type: MessageType): KnownType {
    const known = this.#types.get(type)
    if (known !== undefined) return known
    const ofType = { digests: new Map<number, Uint8Array>(), fingerprints: new Fingerprints(this.#clients) }
    this.#types.set(type, ofType)
    return ofType
  }
}

function digestIn({ digests }: KnownType, part: number, seat: number): Uint8Array | undefined {
  const kept = digests.get(seat)?.subarray(KEPT * part, KEPT * (part + 1))
  return kept?.some((byte) => byte !== 0) ? kept : undefined
}

function digestOf(accepted: Uint8Array): Uint8Array {
  return sha256(accepted).subarray(0, KEPT)
}

/** How many fingerprints are kept in one piece of memory. */
const ROWS = 256

/** Fingerprints by seat, in few pieces of memory: an array for each of them would cost several times as much. */
class Fingerprints {
  /** By seat: its row, counted from 1; 0 for a seat that has no fingerprint. */
  readonly #rows: Uint32Array
  /** The seat of each row. */
  #seats: number[] = []
  #pieces: Bytes[] = []

  /** `seats`: the number of seats in the round. */
  constructor(seats: number) {
    this.#rows = new Uint32Array(seats)
  }

  has(seat: number): boolean {
    return this.#rows[seat]! > 0
  }

  /** The fingerprint of a seat that has one. */
  get(seat: number): Uint8Array {
    return this.#row(this.#rows[seat]! - 1)
  }

  /** Sets the fingerprint of `content`. */
  set(seat: number, content: Uint8Array): void {
    const row = this.#rowOf(seat)
    fingerprintInto(content, this.#pieces[Math.floor(row / ROWS)]!, (row % ROWS) * FINGERPRINT_LENGTH)
  }

  setKnown(seat: number, accepted: Uint8Array): void {
    this.#row(this.#rowOf(seat)).set(accepted)
  }

  /** All fingerprints, in the order in which they came. None is left. */
  *takeAll(): Generator<readonly [seat: number, accepted: Uint8Array], void, void> {
    for (const [row, seat] of this.#seats.entries()) yield [seat, this.#row(row)]
    this.#rows.fill(0)
    this.#seats = []
    this.#pieces = []
  }

  /** The row of a seat that may have none yet. */
  #rowOf(seat: number): number {
    const known = this.#rows[seat]!
    if (known > 0) return known - 1
    const row = this.#seats.push(seat) - 1
    if (row === this.#pieces.length * ROWS) this.#pieces.push(new Uint8Array(FINGERPRINT_LENGTH * ROWS))
    this.#rows[seat] = row + 1
    return row
  }

  #row(row: number): Uint8Array {
    const at = (row % ROWS) * FINGERPRINT_LENGTH
    return this.#pieces[Math.floor(row / ROWS)]!.subarray(at, at + FINGERPRINT_LENGTH)
  }
}
