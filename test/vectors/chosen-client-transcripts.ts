import {
  acknowledgementOf,
  CHOICE_AT,
  CHOSEN,
  entriesOf,
  inclusionOf,
  inclusionWith,
  publishedKeysOf,
  setOf,
  withAnotherChoice,
} from './chosen-support.js'
import type { Hex, RoundVector } from './format.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  type Bases,
  flip,
  inboundOf,
  lengthened,
  overwrite,
  refusals,
  shortened,
} from './transcript-support.js'

// Client 0 has chosen 1, 2 and 4, and has been chosen by 3 and 4. Two holders of three are enough.
const HOLDERS = [1, 2, 4]
const OWNERS = [3, 4]

/** Transcripts of a client that chooses its holders and a server that lies. */
export function chosenClientTranscripts(bases: Bases): TranscriptPlan[] {
  const base = bases[CHOSEN]!
  const refused = (phase: string, count: number, cases: Parameters<typeof refusals>[4]): TranscriptPlan[] =>
    refusals(bases, CHOSEN, phase, count, cases)
  return [
    ...refused('share-keys', 0, publishedKeys(base)),
    ...refused('masked-input', 1, forwardedShares(base)),
    ...refused('consistency-check', 2, livingOwners(base)),
    ...refused('unmasking', 3, acknowledgements(base)),
    ...answers(base),
  ]
}

type Cases = Parameters<typeof refusals>[4]

function publishedKeys(base: RoundVector): Cases {
  const entries = entriesOf(base, 0)
  const entry = (seat: number): Hex => entries.get(seat)!
  const all = (changed: Record<number, Hex> = {}): Hex =>
    publishedKeysOf(...[0, 1, 2, 3, 4].map((seat) => changed[seat] ?? entry(seat)))
  const outsider = withAnotherChoice(base, 3, entry(3), 0, false)
  return [
    ['one holder', 'too-few-clients', publishedKeysOf(entry(0), entry(1), entry(3))],
    ['no holder, and an owner', 'too-few-clients', publishedKeysOf(entry(0), entry(3))],
    [
      'without the client itself',
      'own-entry-mismatch',
      publishedKeysOf(entry(1), entry(2), entry(3), entry(4)),
    ],
    [
      'another choice of the client itself',
      'own-entry-mismatch',
      all({ 0: withAnotherChoice(base, 0, entry(0), 3, true) }),
    ],
    ['a seat that has not chosen the client', 'malformed-message', all({ 3: outsider })],
    [
      'too few holders and a seat that has not chosen the client',
      'malformed-message',
      publishedKeysOf(entry(0), outsider),
    ],
    [
      'another choice of a holder under the old signature',
      'invalid-signature',
      all({ 1: flip(entry(1), CHOICE_AT + 3) }),
    ],
    [
      'another choice of an owner under the old signature',
      'invalid-signature',
      all({ 3: withAnotherChoice(base, 3, entry(3), 0, true) }),
    ],
    ['choices of two seats exchanged', 'invalid-signature', exchangedChoices(entry(1), entry(2), all)],
    ['more entries than seats', 'malformed-message', publishedKeysOf(...entries.values(), entry(4))],
    ['not ascending', 'malformed-message', publishedKeysOf(entry(0), entry(2), entry(1))],
    [
      'a seat that does not exist',
      'malformed-message',
      publishedKeysOf(entry(0), entry(1), entry(2), overwrite(entry(4), 0, '05000000')),
    ],
    [
      'entries without a choice',
      'malformed-message',
      publishedKeysOf(
        ...Array.from(
          entries.values(),
          (each) => each.slice(0, 2 * CHOICE_AT) + each.slice(2 * CHOICE_AT + 32),
        ),
      ),
    ],
  ]
}

function exchangedChoices(one: Hex, other: Hex, all: (changed: Record<number, Hex>) => Hex): Hex {
  const choice = (entry: Hex): Hex => entry.slice(2 * CHOICE_AT, 2 * CHOICE_AT + 32)
  return all({ 1: overwrite(one, CHOICE_AT, choice(other)), 2: overwrite(other, CHOICE_AT, choice(one)) })
}

function forwardedShares(base: RoundVector): Cases {
  const forwarded = inboundOf(base, 0)[1]!
  const [of3, of4] = [forwarded.slice(6, 134), forwarded.slice(134)]
  const message = (seats: readonly number[], ...ciphertexts: Hex[]): Hex =>
    `0204${setOf([1, 2, 3, 4], seats)}${ciphertexts.join('')}`
  return [
    ['one holder in U2, and both owners', 'too-few-clients', message([3, 4], of3, of4)],
    ['nobody in U2', 'too-few-clients', message([])],
    [
      'a ciphertext of a holder that is not an owner',
      'malformed-message',
      message([1, 2, 3, 4], of3, of3, of4),
    ],
    ['without the ciphertext of an owner', 'malformed-message', message([1, 2, 3, 4], of3)],
    ['a bit of padding set', 'malformed-message', flip(forwarded, 2, 4)],
    ['a living owner already', 'unexpected-message', inboundOf(base, 0)[2]!],
  ]
}

function livingOwners(base: RoundVector): Cases {
  const living = inboundOf(base, 0)[2]!
  const message = (seats: readonly number[], ...proofs: Hex[]): Hex =>
    `020b${setOf(OWNERS, seats)}${proofs.join('')}`
  const [of3, of4] = [inclusionOf(base, 3), inclusionOf(base, 4)]
  // Client 0 comes first among the holders of both: 0, 1, 4 and 0, 1, 2.
  const without0 = (seat: number): Hex => inclusionWith(base, seat, '06')
  return [
    ['an owner that has not masked with the client', 'invalid-survivors', message([3, 4], of3, without0(4))],
    [
      'a bit that is set without a signature over it',
      'invalid-signature',
      message([3, 4], of3, flip(without0(4), 0, 0)),
    ],
    ['a bit of another holder changed', 'invalid-signature', message([3, 4], flip(of3, 0, 1), of4)],
    ['a signature with one bit flipped', 'invalid-signature', message([3], flip(of3, 1 + 40))],
    ['the statement of another owner', 'invalid-signature', message([3, 4], of4, of4)],
    [
      'a statement by another identity',
      'invalid-signature',
      message([3], inclusionWith(base, 3, '07', { by: 1 })),
    ],
    [
      'a statement of a run of the round with other keys',
      'invalid-signature',
      message([3], inclusionWith(base, 3, '07', { keysDigest: '00'.repeat(32) })),
    ],
    [
      'a wrong signature, and then an owner that has not masked with the client',
      'invalid-survivors',
      message([3, 4], flip(of3, 20), without0(4)),
    ],
    ['a bit of padding set', 'malformed-message', flip(living, 2, 2)],
    ['a byte less', 'malformed-message', shortened(living)],
    ['a byte more', 'malformed-message', lengthened(living)],
    ['a statement less than announced', 'malformed-message', message([3, 4], of3)],
    ['U3 as on the complete graph', 'unexpected-message', '02061f'],
    ['acknowledgements already', 'unexpected-message', inboundOf(base, 0)[3]!],
  ]
}

function acknowledgements(base: RoundVector): Cases {
  const collected = inboundOf(base, 0)[3]!
  const message = (seats: readonly number[], ...values: Hex[]): Hex =>
    `020d${setOf(HOLDERS, seats)}${values.join('')}`
  const given = (holder: number): Hex => acknowledgementOf(base, holder, 0)
  return [
    ['nobody acknowledges the client', 'too-few-clients', message([])],
    ['one acknowledgement', 'too-few-clients', message([4], given(4))],
    [
      'one that is right and two that are wrong',
      'too-few-clients',
      message(HOLDERS, given(1), flip(given(2), 0), flip(given(4), -1)),
    ],
    ['acknowledgements of other holders', 'too-few-clients', message(HOLDERS, given(2), given(1), given(4))],
    [
      'the own acknowledgement for a client that is holder and owner',
      'too-few-clients',
      message([1, 4], given(1), acknowledgementOf(base, 0, 4)),
    ],
    ['a bit of padding set', 'malformed-message', flip(collected, 2, 3)],
    ['a byte less', 'malformed-message', shortened(collected)],
    ['a byte more', 'malformed-message', lengthened(collected)],
    [
      'signatures as on the complete graph',
      'unexpected-message',
      `0208${setOf([0, 1, 2, 3, 4], [1])}${'00'.repeat(64)}`,
    ],
  ]
}

/** What the client answers all the same, and second versions. */
function answers(base: RoundVector): TranscriptPlan[] {
  const [published, forwarded, living, collected] = inboundOf(base, 0) as [Hex, Hex, Hex, Hex]
  const receive = (message: Hex): Planned => ({ do: 'receive', message })
  const second = (phase: string, message: Hex, code = 'conflicting-message'): Planned => ({
    do: 'receive',
    message,
    fails: { phase, code },
  })
  const begun: Planned[] = [{ do: 'start' }, receive(published)]
  const only3 = `020b${setOf(OWNERS, [3])}${inclusionOf(base, 3)}`
  const given = (holder: number): Hex => acknowledgementOf(base, holder, 0)
  const transcript = (name: string, description: string, operations: Planned[]): TranscriptPlan => ({
    name: `client that chooses its holders: ${name}`,
    description,
    base: CHOSEN,
    party: 0,
    operations,
  })
  return [
    transcript('messages twice, and second versions', 'What is repeated gets the same answer.', [
      ...begun,
      receive(forwarded),
      receive(forwarded),
      second('masked-input', `0204${setOf([1, 2, 3, 4], [1, 2])}`),
      receive(living),
      receive(living),
      second('consistency-check', only3),
      second('consistency-check', '020b00'),
      receive(collected),
      second('unmasking', `020d${setOf(HOLDERS, [1, 2])}${given(1)}${given(2)}`),
      second('unmasking', living, 'unexpected-message'),
      receive(collected),
    ]),
    transcript(
      'an owner that is said to be dead',
      'It is not acknowledged, and a share of its s is revealed.',
      [...begun, receive(forwarded), receive(only3), receive(collected)],
    ),
    transcript('all owners are said to be dead', 'Nobody is acknowledged.', [
      ...begun,
      receive(forwarded),
      receive('020b00'),
      receive(collected),
    ]),
    transcript('only its own bit counts', 'An owner that has masked with this client and no other.', [
      ...begun,
      receive(forwarded),
      receive(`020b${setOf(OWNERS, [3])}${inclusionWith(base, 3, '01')}`),
      receive(collected),
    ]),
    transcript(
      'ciphertexts that do not open',
      'What 3 and 4 sealed is spoiled: 3 is alive and 4 is dead, and neither is in an answer.',
      [...begun, receive(flip(flip(forwarded, 3), -1)), receive(only3), receive(collected)],
    ),
    transcript('wrong acknowledgements do not count', 'Two of three are right, which is enough.', [
      ...begun,
      receive(forwarded),
      receive(living),
      receive(`020d${setOf(HOLDERS, HOLDERS)}${given(1)}${flip(given(2), 3)}${given(4)}`),
    ]),
  ]
}
