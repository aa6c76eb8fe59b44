import type { Hex, RoundVector } from './format.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  accepts,
  type Bases,
  CURIOUS,
  closed,
  flip,
  lengthened,
  outboundOf,
  plan,
  refuse,
  SPARSE,
  shortened,
  tooFew,
  valuesOf,
} from './transcript-support.js'

/** What a server refuses in the last round, and why it cannot end it. */
export function unmaskingTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    unmaskings(bases),
    sparseUnmasking(bases),
    wrongShares(bases, 'a share of b', [0, 1, 2]),
    wrongShares(bases, 'a share of s', [0, 1]),
    lostShares(bases),
  ]
}

function unmaskings(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  const answer = outboundOf(base, 0)[3]![0]!
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('unmasking', seat, message, code)
  return plan('unmasking', 'Nobody has dropped out; two answers are enough.', CURIOUS, [
    ...closed(base, 3),
    no(shortened(answer), 'malformed-message'),
    no(lengthened(answer), 'malformed-message'),
    no(flip(answer, 2, 3), 'malformed-message'),
    no(flip(outboundOf(base, 0)[2]![0]!, -1), 'late-message'),
    { do: 'accept', seat: 0, message: answer },
    no(flip(answer, -1), 'conflicting-message'),
    tooFew('unmasking'),
    ...accepts(base, 3, [1]),
    { do: 'close' },
  ])
}

function sparseUnmasking(bases: Bases): TranscriptPlan {
  const base = bases[SPARSE]!
  const answer = outboundOf(base, 0)[3]![0]!
  // Seat 0 comes first in what it hears of, and it reveals shares of its two neighbors.
  const own = `020907${'00'.repeat(16)}${answer.slice(6)}`
  return plan(
    'unmasking: a share of the own secret on the sparse graph',
    'Nobody holds such a share.',
    SPARSE,
    [
      ...closed(base, 3),
      refuse('unmasking', 0, own, 'invalid-share'),
      ...accepts(base, 3, [0, 1, 2, 3, 4, 5]),
      { do: 'close' },
    ],
  )
}

/** Of two answers one is wrong; with as many answers as the threshold nothing can be corrected. */
function wrongShares(bases: Bases, name: string, masking: readonly number[]): TranscriptPlan {
  const base = bases[CURIOUS]!
  const isWhole = masking.length === 3
  const operations = [...closed(base, 2), ...accepts(base, 2, masking), { do: 'close' } as const]
  const answerOf = (seat: number): Hex =>
    isWhole ? outboundOf(base, seat)[3]![0]! : unmaskingWithout2(base, seat)
  return plan(`unmasking: ${name} is wrong`, 'Two of three clients answer, and both are needed.', CURIOUS, [
    ...operations,
    { do: 'accept', seat: 0, message: answerOf(0) },
    { do: 'accept', seat: 1, message: flip(answerOf(1), -1) },
    tooFew('unmasking', 'wrong-share'),
  ])
}

/** What a client reveals where client 2 has dropped out of the round of three. */
function unmaskingWithout2(base: RoundVector, seat: number): Hex {
  const shareOf = (owner: number, secret: 'maskKeyShare' | 'selfMaskShare'): Hex =>
    valuesOf(base, owner).shareKeys.shares[seat]![secret]
  const revealed = [shareOf(0, 'selfMaskShare'), shareOf(1, 'selfMaskShare'), shareOf(2, 'maskKeyShare')]
  return `020907${revealed.join('')}`
}

function lostShares(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  const answer = outboundOf(base, 1)[3]![0]!
  // Without the share of client 2, whose ciphertext did not open.
  const without = `020903${answer.slice(6, -32)}`
  return plan(
    'unmasking: a secret is lost',
    'Both answer, but one of them has no share of client 2.',
    CURIOUS,
    [
      ...closed(base, 3),
      ...accepts(base, 3, [0]),
      { do: 'accept', seat: 1, message: without },
      tooFew('unmasking', 'too-few-shares'),
      ...accepts(base, 3, [2]),
      { do: 'close' },
    ],
  )
}
