import { ed25519 } from '@noble/curves/ed25519.js'
import { holdersChosenBy } from '../../src/graph/index.js'
import { inclusionStatement } from '../../src/protocol/statements.js'
import { hex, unhex } from './bytes.js'
import type { Hex, RoundVector } from './format.js'
import { configOf } from './library.js'
import { flip, inboundOf, valuesOf } from './transcript-support.js'

/** The bases of transcripts on the chosen graph. */
export const CHOSEN = 'round-chosen-small'
export const CHOSEN_SLICES = 'round-chosen-chacha'

/** Of Ed25519. */
const SIGNATURE = 64

/** The holders of a client. */
export function holdersOf(base: RoundVector, seat: number): readonly number[] {
  return valuesOf(base, seat).advertiseKeys.holders!
}

/** The clients of `seats` that have chosen this one. */
export function ownersAmong(base: RoundVector, seat: number, seats: readonly number[]): readonly number[] {
  return seats.filter((other) => holdersOf(base, other).includes(seat))
}

/** Seats as a set within a universe of at most eight. */
export function setOf(universe: readonly number[], seats: readonly number[]): Hex {
  if (universe.length === 0) return ''
  return hex(Uint8Array.of(universe.reduce((set, seat, i) => set | (Number(seats.includes(seat)) << i), 0)))
}

/** Entries of PublishedKeys, by seat: the seat, both keys, the choice and the signature. */
export function entriesOf(base: RoundVector, receiver: number): ReadonlyMap<number, Hex> {
  const length = 2 * (4 + 32 + 32 + 16 + SIGNATURE)
  const list = inboundOf(base, receiver)[0]!.slice(8)
  const entries = Array.from({ length: list.length / length }, (_, i) =>
    list.slice(i * length, (i + 1) * length),
  )
  return new Map(entries.map((entry) => [unhex(entry)[0]!, entry]))
}

/** Where the choice is in an entry. */
export const CHOICE_AT: number = 4 + 32 + 32

export function publishedKeysOf(...entries: readonly Hex[]): Hex {
  return `0202${hex(Uint8Array.of(entries.length, 0))}${entries.join('')}`
}

/** The entry with a changed choice, after which the seat has `holder` among its holders or not. */
export function withAnotherChoice(
  base: RoundVector,
  seat: number,
  entry: Hex,
  holder: number,
  isHolder: boolean,
): Hex {
  const config = configOf(base.round.parameters)
  for (let bit = 0; bit < 128; bit++) {
    const changed = flip(entry, CHOICE_AT + (bit >> 3), bit & 7)
    const choice = unhex(changed).slice(CHOICE_AT, CHOICE_AT + 16)
    if (holdersChosenBy(config, seat, choice).includes(holder) === isHolder) return changed
  }
  throw new Error('no choice with one changed bit does it')
}

/** The inclusion with these bits, signed by the identity of `by`, of a client with these keys and this choice. */
export function inclusionWith(
  base: RoundVector,
  seat: number,
  bits: Hex,
  {
    by = seat,
    of = seat,
    keysDigest = valuesOf(base, seat).maskedInput.inclusion!.keysDigest,
  }: { by?: number; of?: number; keysDigest?: Hex } = {},
): Hex {
  const statement = inclusionStatement(configOf(base.round.parameters), of, unhex(keysDigest), unhex(bits))
  return bits + hex(ed25519.sign(statement, unhex(base.round.clients[by]!.signingKey!)))
}

/** The inclusion that a client has sent. */
export function inclusionOf(base: RoundVector, seat: number): Hex {
  const { bits, signature } = valuesOf(base, seat).maskedInput.inclusion!
  return bits + signature
}

/** With which `holder` acknowledges `owner`. */
export function acknowledgementOf(base: RoundVector, holder: number, owner: number): Hex {
  return valuesOf(base, holder).acknowledgement.given.find((each) => each.owner === owner)!.value
}
