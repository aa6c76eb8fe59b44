import { concat, integerOf, uint } from './bytes.js'

// Section "Messages" of the specification: how bytes are written and read.

/** Of the protocol: the first byte of every message, in every label and in the configuration. */
export const VERSION = 2

export const TYPE = {
  advertiseKeys: 1,
  publishedKeys: 2,
  shareKeys: 3,
  forwardedShares: 4,
  maskedInput: 5,
  survivors: 6,
  consistencyCheck: 7,
  consistencySignatures: 8,
  unmasking: 9,
  maskedSlice: 10,
  livingOwners: 11,
  acknowledgements: 12,
  collectedAcknowledgements: 13,
  complaint: 14,
} as const

export type Round = 'advertise-keys' | 'share-keys' | 'masked-input' | 'consistency-check' | 'unmasking'

/** A message, or the lack of messages, that the protocol does not go on with. */
export class Refusal extends Error {
  readonly code: string
  readonly phase: Round
  /** Who is at fault, where the specification says so. */
  readonly culprits: readonly number[]

  constructor(code: string, phase: Round, culprits: readonly number[] = []) {
    super(`${code} in ${phase}`)
    this.code = code
    this.phase = phase
    this.culprits = culprits
  }
}

export function demand(condition: boolean, code: string, round: Round): asserts condition {
  if (!condition) throw new Refusal(code, round)
}

export function message(type: number, ...body: Uint8Array[]): Uint8Array {
  return concat(uint(1, VERSION), uint(1, type), ...body)
}

/** `seats` as a set within `universe`. */
export function seatSet(universe: readonly number[], seats: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(universe.length / 8))
  for (const [i, seat] of universe.entries()) if (seats.includes(seat)) bytes[i >> 3]! |= 1 << (i & 7)
  return bytes
}

/** Reads a message front to back. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #round: Round
  #at = 2

  constructor(bytes: Uint8Array, type: number, round: Round) {
    demand(bytes.length >= 2, 'malformed-message', round)
    demand(bytes[0] === VERSION, 'unsupported-version', round)
    demand(bytes[1] === type, 'unexpected-message', round)
    this.#bytes = bytes
    this.#round = round
  }

  bytes(length: number): Uint8Array {
    const from = this.#at
    this.#at += length
    demand(this.#at <= this.#bytes.length, 'malformed-message', this.#round)
    return this.#bytes.slice(from, this.#at)
  }

  integer(size: number): number {
    return Number(integerOf(this.bytes(size)))
  }

  seatSet(universe: readonly number[]): number[] {
    const bytes = this.bytes(Math.ceil(universe.length / 8))
    const seats = universe.filter((_, i) => ((bytes[i >> 3]! >> (i & 7)) & 1) === 1)
    const canonical = seatSet(universe, seats)
    demand(
      canonical.every((byte, i) => byte === bytes[i]),
      'malformed-message',
      this.#round,
    )
    return seats
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at)
  }

  end(): void {
    demand(this.#at === this.#bytes.length, 'malformed-message', this.#round)
  }
}
