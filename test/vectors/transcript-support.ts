import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { survivorsStatement } from '../../src/protocol/statements.js'
import { hex, unhex } from './bytes.js'
import type { ClientValues, Hex, RoundVector } from './format.js'
import { configOf } from './library.js'
import type { Planned, TranscriptPlan } from './play.js'

/** What clients of a whole round got and sent, and how to spoil it. */

export function valuesOf({ values }: RoundVector, seat: number): Required<ClientValues> {
  return values.clients.find((each) => each.seat === seat) as Required<ClientValues>
}

/** The messages of the server to one client, in order. */
export function inboundOf(base: RoundVector, seat: number): Hex[] {
  const { shareKeys, maskedInput, consistencyCheck, acknowledgement, unmasking } = valuesOf(base, seat)
  return [shareKeys, maskedInput, consistencyCheck, acknowledgement, unmasking].flatMap((each) =>
    each === undefined ? [] : [each.received],
  )
}

/** The messages of one client, in order; the slices of a vector are one. */
export function outboundOf(base: RoundVector, seat: number): Hex[][] {
  const values: ClientValues = valuesOf(base, seat)
  const { advertiseKeys, shareKeys, maskedInput, consistencyCheck, acknowledgement, unmasking } = values
  const masked = maskedInput === undefined ? [] : [maskedInput.messages]
  const single = (each: { message: Hex } | undefined): Hex[][] => (each === undefined ? [] : [[each.message]])
  return [
    ...single(advertiseKeys),
    ...single(shareKeys),
    ...masked,
    ...single(consistencyCheck),
    ...single(acknowledgement),
    ...single(unmasking),
  ]
}

/** A client that has begun and has answered the first `count` messages. */
function answered(base: RoundVector, seat: number, count: number): Planned[] {
  const received = inboundOf(base, seat).slice(0, count)
  return [{ do: 'start' }, ...received.map((message): Planned => ({ do: 'receive', message }))]
}

/** A server that has closed its first `count` rounds, with all clients of the base there. */
export function closed(
  base: RoundVector,
  count: number,
  seats: readonly number[] = base.values.sets.u1,
): Planned[] {
  const planned: Planned[] = []
  for (let step = 0; step < count; step++) planned.push(...accepts(base, step, seats), { do: 'close' })
  return planned
}

/** A server that takes the messages of these seats in a round. */
export function accepts(base: RoundVector, step: number, seats: readonly number[]): Planned[] {
  return seats.flatMap((seat) =>
    outboundOf(base, seat)[step]!.map((message): Planned => ({ do: 'accept', seat, message })),
  )
}

/** The signature for `seat` over U3, by the identity of `by`, after the keys in `published`. */
export function signedSurvivors(
  base: RoundVector,
  seat: number,
  survivors: readonly number[],
  { by = seat, published = inboundOf(base, seat)[0]! }: { by?: number; published?: Hex } = {},
): Hex {
  const statement = survivorsStatement(
    configOf(base.round.parameters),
    sha256(unhex(published)),
    seat,
    survivors,
  )
  return hex(ed25519.sign(statement, unhex(base.round.clients[by]!.signingKey!)))
}

/** A copy with bytes put in from position `at` on. */
export function overwrite(message: Hex, at: number, bytes: Uint8Array | Hex): Hex {
  const copy = unhex(message)
  copy.set(typeof bytes === 'string' ? unhex(bytes) : bytes, at)
  return hex(copy)
}

/** A copy with one bit flipped; positions below 0 count from the end. */
export function flip(message: Hex, at: number, bit = 0): Hex {
  const copy = unhex(message)
  copy[(at + copy.length) % copy.length]! ^= 1 << bit
  return hex(copy)
}

export const shortened = (message: Hex): Hex => message.slice(0, -2)
export const lengthened = (message: Hex): Hex => `${message}00`

/** The bases of transcripts. */
export type Bases = Readonly<Record<string, RoundVector>>

export const CURIOUS = 'round-example'
export const ACTIVE = 'round-active-small'
export const SPARSE = 'round-sparse-chacha'

/**
 * The client takes the first `count` messages, refuses a message that is named by what is wrong with it, and still takes the right one, which is
 * the next one of the base.
 */
export function refusals(
  bases: Bases,
  base: string,
  phase: string,
  count: number,
  cases: readonly (readonly [name: string, code: string, message: Hex])[],
): TranscriptPlan[] {
  const seat = 0
  return cases.map(([name, code, message]) => ({
    name: `client, ${phase}: ${name}`,
    description: 'Refused; the right message is then taken.',
    base,
    party: seat,
    operations: [
      ...answered(bases[base]!, seat, count),
      { do: 'receive', message, fails: { phase, code } },
      { do: 'receive', message: inboundOf(bases[base]!, seat)[count]! },
    ],
  }))
}

/** The server refuses a message. */
export const refuse = (phase: string, seat: number, message: Hex, code: string): Planned => ({
  do: 'accept',
  seat,
  message,
  fails: { phase, code },
})

/** The server cannot go on. */
export const tooFew = (phase: string, code = 'too-few-clients'): Planned => ({
  do: 'close',
  fails: { phase, code },
})

/** A transcript of the server. */
export function plan(name: string, description: string, base: string, operations: Planned[]): TranscriptPlan {
  return { name: `server, ${name}`, description, base, party: 'server', operations }
}
