import {
  acknowledgementOf,
  CHOSEN,
  CHOSEN_SLICES,
  holdersOf,
  inclusionOf,
  inclusionWith,
  ownersAmong,
  setOf,
} from './chosen-support.js'
import type { Hex, RoundVector } from './format.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  accepts,
  type Bases,
  closed,
  flip,
  lengthened,
  outboundOf,
  overwrite,
  plan,
  refuse,
  shortened,
  tooFew,
} from './transcript-support.js'

/** Transcripts of a server whose clients choose their holders, and do not keep to the protocol or drop out. */
export function chosenServerTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    choices(bases),
    leftOutOfU1(bases),
    leftOutOfU2(bases),
    sharedKeys(bases),
    inclusions(bases),
    inclusionsInSlices(bases),
    lostOwner(bases),
    acknowledgements(bases),
    respondents(bases),
    unmasking(bases),
  ]
}

function named(name: string, description: string, base: string, operations: Planned[]): TranscriptPlan {
  return plan(`chosen graph, ${name}`, description, base, operations)
}

const EVERYBODY = [0, 1, 2, 3, 4]

/** Where the choice is in AdvertiseKeys. */
const CHOICE_AT = 2 + 32 + 64

function choices(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const [own, other] = [0, 1].map((seat) => outboundOf(base, seat)[0]![0]!) as [Hex, Hex]
  const no = (message: Hex, code: string): Planned => refuse('advertise-keys', 0, message, code)
  const choiceOf = (message: Hex): Hex => message.slice(2 * CHOICE_AT, 2 * CHOICE_AT + 32)
  return named('advertise-keys', 'A choice belongs to the signature.', CHOSEN, [
    no(own.slice(0, 2 * CHOICE_AT) + own.slice(2 * CHOICE_AT + 32), 'malformed-message'),
    no(lengthened(own), 'malformed-message'),
    no(flip(own, CHOICE_AT), 'invalid-signature'),
    no(overwrite(own, CHOICE_AT, choiceOf(other)), 'invalid-signature'),
    no(overwrite(own, CHOICE_AT + 16, other.slice(2 * (CHOICE_AT + 16))), 'invalid-signature'),
    ...accepts(base, 0, [0]),
    no(flip(own, CHOICE_AT), 'conflicting-message'),
    tooFew('advertise-keys'),
    ...accepts(base, 0, [1, 2, 3, 4]),
    { do: 'close' },
  ])
}

/** Some of U1, first in the order of their sets, that fulfill a condition. */
function someOf(base: RoundVector, condition: (seats: readonly number[]) => boolean): readonly number[] {
  const { u1 } = base.values.sets
  for (let set = 1; set < 2 ** u1.length; set++) {
    const seats = u1.filter((_, i) => (set >> i) & 1)
    if (condition(seats)) return seats
  }
  throw new Error('there are no such clients')
}

function leftOutOfU1(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN_SLICES]!
  return named(
    'advertise-keys: clients with too few holders',
    'Of 0, 1, 3 and 4 alone too few would be left; with 5, 7 and 8 there, 7 is left out of U1.',
    CHOSEN_SLICES,
    [
      ...accepts(base, 0, [0, 1, 3, 4]),
      tooFew('advertise-keys'),
      ...accepts(base, 0, [5, 7, 8]),
      { do: 'close' },
      refuse('share-keys', 7, outboundOf(base, 7)[1]![0]!, 'unknown-seat'),
    ],
  )
}

function leftOutOfU2(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN_SLICES]!
  const { u1, u2 } = base.values.sets
  const answering = base.round.clients.filter(({ sends }) => sends > 1).map(({ seat }) => seat)
  const stranger = answering.find((seat) => !u2.includes(seat))!
  const few = answering.slice(0, 3)
  return named(
    'share-keys: a client with too few holders',
    'It has shared its secrets and is left out of U2.',
    CHOSEN_SLICES,
    [
      ...closed(base, 1, u1),
      ...accepts(base, 1, few),
      tooFew('share-keys'),
      ...accepts(base, 1, answering.slice(3)),
      { do: 'close' },
      refuse('masked-input', stranger, outboundOf(base, u2[0]!)[2]![0]!, 'unknown-seat'),
      { do: 'accept', seat: stranger, message: outboundOf(base, stranger)[1]![0]! },
    ],
  )
}

function sharedKeys(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const shared = outboundOf(base, 0)[1]![0]!
  const no = (message: Hex, code: string): Planned => refuse('share-keys', 0, message, code)
  return named('share-keys', 'Client 0 has three holders, and four neighbors.', CHOSEN, [
    ...closed(base, 1),
    no(shared.slice(0, -128), 'malformed-message'),
    no(shared + shared.slice(-128), 'malformed-message'),
    ...accepts(base, 1, EVERYBODY),
    { do: 'close' },
  ])
}

function inclusions(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const masked = outboundOf(base, 0)[2]![0]!
  const vector = masked.slice(4 + 2 * 65)
  const no = (message: Hex, code: string): Planned => refuse('masked-input', 0, message, code)
  const proven = (inclusion: Hex): Hex => `0205${inclusion}${vector}`
  return named('masked-input', 'All holders of client 0 are in U2.', CHOSEN, [
    ...closed(base, 2),
    no(`0205${vector}`, 'malformed-message'),
    no(`0205${inclusionOf(base, 0)}`, 'malformed-message'),
    no(shortened(masked), 'malformed-message'),
    no(lengthened(masked), 'malformed-message'),
    no(proven(inclusionWith(base, 0, '03')), 'malformed-message'),
    no(proven(inclusionWith(base, 0, '0f')), 'malformed-message'),
    no(proven(flip(inclusionOf(base, 0), 30)), 'invalid-signature'),
    no(proven(inclusionWith(base, 0, '07', { by: 1 })), 'invalid-signature'),
    no(proven(inclusionWith(base, 0, '07', { of: 1 })), 'invalid-signature'),
    no(proven(inclusionWith(base, 0, '07', { keysDigest: '00'.repeat(32) })), 'invalid-signature'),
    no(proven(inclusionOf(base, 1)), 'invalid-signature'),
    { do: 'accept', seat: 0, message: masked },
    { do: 'accept', seat: 0, message: masked },
    no(proven(flip(inclusionOf(base, 0), 30)), 'conflicting-message'),
    tooFew('masked-input'),
    ...accepts(base, 2, [1, 2, 3, 4]),
    { do: 'close' },
  ])
}

function inclusionsInSlices(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN_SLICES]!
  const { u2 } = base.values.sets
  const answering = base.round.clients.filter(({ sends }) => sends > 1).map(({ seat }) => seat)
  const [seat, ...others] = u2 as [number, ...number[]]
  const [first, second] = outboundOf(base, seat)[2] as [Hex, Hex]
  const no = (message: Hex, code: string): Planned => refuse('masked-input', seat, message, code)
  const inclusion = inclusionOf(base, seat)
  return named('masked-input: slices', 'The inclusion is in front of slice 0.', CHOSEN_SLICES, [
    ...closed(base, 1),
    ...accepts(base, 1, answering),
    { do: 'close' },
    no(first.slice(0, 12) + first.slice(12 + inclusion.length), 'malformed-message'),
    no(second.slice(0, 12) + inclusion + second.slice(12), 'malformed-message'),
    no(flip(first, 6 + 1 + 10), 'invalid-signature'),
    { do: 'accept', seat, message: second },
    ...accepts(base, 2, others.slice(0, 2)),
    tooFew('masked-input'),
    ...accepts(base, 2, others.slice(2)),
    { do: 'accept', seat, message: first },
    { do: 'close' },
  ])
}

/** Three masked inputs are enough for the minimum cohort, but some client has one holder among them. */
function lostOwner(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const isLost = (seats: readonly number[]): boolean =>
    EVERYBODY.some((owner) => holdersOf(base, owner).filter((holder) => seats.includes(holder)).length < 2)
  const seats = someOf(base, (some) => some.length === 3 && isLost(some))
  return named('masked-input: an owner with too few holders in U3', 'Its secrets would be lost.', CHOSEN, [
    ...closed(base, 2),
    ...accepts(base, 2, seats),
    tooFew('masked-input', 'too-few-shares'),
    ...accepts(
      base,
      2,
      EVERYBODY.filter((seat) => !seats.includes(seat)),
    ),
    { do: 'close' },
  ])
}

function acknowledgements(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const own = outboundOf(base, 0)[3]![0]!
  const no = (message: Hex, code: string, seat = 0): Planned =>
    refuse('consistency-check', seat, message, code)
  return named('consistency-check', 'Client 0 is a holder of 3 and 4.', CHOSEN, [
    ...closed(base, 3),
    no(`0207${'00'.repeat(64)}`, 'unexpected-message'),
    no(shortened(own), 'malformed-message'),
    no(lengthened(own), 'malformed-message'),
    no(flip(own, 2, 2), 'malformed-message'),
    no(own, 'unknown-seat', 5),
    no(`${outboundOf(base, 0)[2]![0]!}00`, 'late-message'),
    // Whether the values are right only the owners can tell.
    { do: 'accept', seat: 0, message: flip(own, -1) },
    { do: 'accept', seat: 0, message: flip(own, -1) },
    no(own, 'conflicting-message'),
    tooFew('consistency-check', 'too-few-shares'),
    ...accepts(base, 3, [1, 2, 3, 4]),
    { do: 'close' },
  ])
}

/** What a client acknowledges, without one of its owners. */
function acknowledgesWithout(base: RoundVector, seat: number, left: number): Hex {
  const owners = ownersAmong(base, seat, EVERYBODY)
  const named = owners.filter((owner) => owner !== left)
  const values = named.map((owner) => acknowledgementOf(base, seat, owner))
  return `020c${setOf(owners, named)}${values.join('')}`
}

function respondents(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const left = EVERYBODY.find((seat) => {
    const others = EVERYBODY.filter((other) => other !== seat)
    return EVERYBODY.every(
      (owner) => holdersOf(base, owner).filter((holder) => others.includes(holder)).length >= 2,
    )
  })!
  const silent = holdersOf(base, left).slice(0, 2)
  const operations = EVERYBODY.map((seat): Planned => {
    const message = silent.includes(seat)
      ? acknowledgesWithout(base, seat, left)
      : outboundOf(base, seat)[3]![0]!
    return { do: 'accept', seat, message }
  })
  return named(
    'consistency-check: a client with too few acknowledgements',
    `Client ${left} is in U4, but it would not answer, and it is not asked.`,
    CHOSEN,
    [
      ...closed(base, 3),
      ...operations,
      { do: 'close' },
      refuse('unmasking', left, outboundOf(base, left)[4]![0]!, 'unknown-seat'),
      ...accepts(
        base,
        4,
        EVERYBODY.filter((seat) => seat !== left),
      ),
      { do: 'close' },
    ],
  )
}

function unmasking(bases: Bases): TranscriptPlan {
  const base = bases[CHOSEN]!
  const answer = outboundOf(base, 0)[4]![0]!
  const no = (message: Hex, code: string): Planned => refuse('unmasking', 0, message, code)
  return named('unmasking', 'Client 0 reveals shares of 3 and 4.', CHOSEN, [
    ...closed(base, 4),
    no(shortened(answer), 'malformed-message'),
    no(lengthened(answer), 'malformed-message'),
    no(flip(answer, 2, 2), 'malformed-message'),
    no(`020901${'00'.repeat(32)}`, 'malformed-message'),
    no(`020c${setOf([3, 4], [3])}${'00'.repeat(16)}`, 'late-message'),
    no('0207', 'unexpected-message'),
    { do: 'accept', seat: 0, message: answer },
    no(flip(answer, -1), 'conflicting-message'),
    tooFew('unmasking', 'too-few-shares'),
    ...accepts(base, 4, [1, 2, 3]),
    { do: 'close' },
    no(`020c${setOf([3, 4], [3])}${'00'.repeat(16)}`, 'late-message'),
  ])
}
