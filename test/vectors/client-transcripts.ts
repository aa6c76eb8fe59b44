import { ed25519 } from '@noble/curves/ed25519.js'
import { keysStatement, survivorsStatement } from '../../src/protocol/identity.js'
import { hex, unhex } from './bytes.js'
import type { Hex, RoundVector } from './format.js'
import { configOf } from './library.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  answered,
  flip,
  inboundOf,
  lengthened,
  overwrite,
  shortened,
  valuesOf,
} from './transcript-support.js'

type Bases = Readonly<Record<string, RoundVector>>

const CURIOUS = 'round-example'
const ACTIVE = 'round-active-small'
const SPARSE = 'round-sparse-chacha'

/** Transcripts of a client and a server that does not keep to the protocol. */
export function clientTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    ...unreadable(bases),
    ...publishedKeys(bases),
    ...publishedSignatures(bases),
    ...sparse(bases),
    ...forwardedShares(bases),
    ...survivors(bases),
    ...consistencySignatures(bases),
    ...repetitions(bases),
  ]
}

/**
 * The client takes `before`, refuses a message that is named by what is wrong with it, and still takes the right one, which is
 * the next one of the base.
 */
function refusals(
  bases: Bases,
  base: string,
  round: string,
  count: number,
  cases: readonly (readonly [name: string, code: string, message: Hex])[],
): TranscriptPlan[] {
  const seat = 0
  return cases.map(([name, code, message]) => ({
    name: `client, ${round}: ${name}`,
    description: 'Refused; the right message is then taken.',
    base,
    party: seat,
    operations: [
      ...answered(bases[base]!, seat, count),
      { do: 'receive', message, fails: { round, code } },
      { do: 'receive', message: inboundOf(bases[base]!, seat)[count]! },
    ],
  }))
}

function unreadable(bases: Bases): TranscriptPlan[] {
  const [published] = inboundOf(bases[CURIOUS]!, 0)
  return refusals(bases, CURIOUS, 'share-keys', 0, [
    ['no bytes', 'malformed-message', ''],
    ['one byte', 'malformed-message', '01'],
    ['another version', 'unsupported-version', overwrite(published!, 0, '02')],
    ['another type', 'unexpected-message', overwrite(published!, 1, '06')],
    ['an unknown type', 'unexpected-message', overwrite(published!, 1, 'ff')],
    ['a byte less', 'malformed-message', shortened(published!)],
    ['a byte more', 'malformed-message', lengthened(published!)],
    ['a bit of padding set', 'malformed-message', flip(published!, 2, 3)],
    ['an entry less than announced', 'malformed-message', published!.slice(0, -128)],
  ])
}

/** Position of the keys of a seat in PublishedKeys for three seats that are all there. */
const entry = (seat: number, signatureLength = 0): number => 3 + seat * (64 + signatureLength)

function publishedKeys(bases: Bases): TranscriptPlan[] {
  const base = bases[CURIOUS]!
  const [published] = inboundOf(base, 0) as [Hex]
  const keysOf = (seat: number) => valuesOf(base, seat).advertiseKeys
  const only = (seat: number): Hex =>
    `010${2}0${1 << seat}${keysOf(seat).cipherPublicKey}${keysOf(seat).maskPublicKey}`
  const withKey = (key: Hex): Hex => overwrite(published, entry(1), key)
  const ones = 'ff'.repeat(30)
  return refusals(bases, CURIOUS, 'share-keys', 0, [
    ['only itself in U1', 'too-few-clients', only(0)],
    ['own c key exchanged', 'own-entry-mismatch', overwrite(published, entry(0), keysOf(1).cipherPublicKey)],
    ['own s key exchanged', 'own-entry-mismatch', flip(published, entry(0) + 32, 1)],
    [
      'without the client itself',
      'own-entry-mismatch',
      `010206${[1, 2].map((seat) => only(seat).slice(6)).join('')}`,
    ],
    ['a key of zero', 'invalid-public-key', withKey('00'.repeat(32))],
    ['a key of one', 'invalid-public-key', withKey(`01${'00'.repeat(31)}`)],
    [
      'a key of order 8',
      'invalid-public-key',
      withKey('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
    ],
    [
      'another key of order 8',
      'invalid-public-key',
      withKey('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
    ],
    ['a key of p − 1', 'invalid-public-key', withKey(`ec${ones}7f`)],
    ['a key of p + 9, which is 9', 'invalid-public-key', withKey(`f6${ones}7f`)],
    ['a key with its top bit set', 'invalid-public-key', flip(published, entry(1) + 31, 7)],
    ['an s key of zero', 'invalid-public-key', overwrite(published, entry(2) + 32, '00'.repeat(32))],
    [
      'one key for both purposes',
      'duplicate-key',
      overwrite(published, entry(1) + 32, keysOf(1).cipherPublicKey),
    ],
    ['one c key at two seats', 'duplicate-key', overwrite(published, entry(2), keysOf(1).cipherPublicKey)],
    [
      'the own c key as s key of another',
      'duplicate-key',
      overwrite(published, entry(2) + 32, keysOf(0).cipherPublicKey),
    ],
  ])
}

function publishedSignatures(bases: Bases): TranscriptPlan[] {
  const base = bases[ACTIVE]!
  const [published] = inboundOf(base, 0) as [Hex]
  const signature = entry(1, 64) + 64
  const keysOf = (seat: number) => valuesOf(base, seat).advertiseKeys
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const response = integerOf(unhex(published).slice(signature + 32, signature + 64)) + order
  const cases = refusals(bases, ACTIVE, 'share-keys', 0, [
    ['a signature with one bit flipped', 'invalid-signature', flip(published, signature + 5)],
    ['S + L in place of S', 'invalid-signature', overwrite(published, signature + 32, bytesOf(response))],
    [
      'the signature of another seat',
      'invalid-signature',
      overwrite(published, signature, keysOf(2).signature!),
    ],
    ['an exchanged key under the old signature', 'invalid-signature', flip(published, entry(1, 64), 1)],
  ])
  // Seat 2 is enrolled with the identity of seat 1, and signs with it.
  const { enrolled, clients } = base.round
  const statement = keysStatement(configOf(base.round.parameters), 2, {
    cipherKey: unhex(keysOf(2).cipherPublicKey),
    maskKey: unhex(keysOf(2).maskPublicKey),
  })
  const signed = hex(ed25519.sign(statement, unhex(clients[1]!.signingKey!)))
  return [
    ...cases,
    {
      name: 'client, share-keys: one identity at two seats',
      description: 'Seat 2 may be the identity of seat 1, and is.',
      base: ACTIVE,
      enrolled: [enrolled![0]!, enrolled![1]!, enrolled![1]!],
      party: 0,
      operations: [
        { do: 'start' },
        {
          do: 'receive',
          message: overwrite(published, entry(2, 64) + 64, signed),
          fails: { round: 'share-keys', code: 'duplicate-identity' },
        },
      ],
    },
  ]
}

function sparse(bases: Bases): TranscriptPlan[] {
  const base = bases[SPARSE]!
  const [published, forwarded, announced] = inboundOf(base, 0) as [Hex, Hex, Hex]
  const entries = [0, 1, 2].map((index) => published.slice(8 + index * 136, 8 + (index + 1) * 136))
  const list = (...some: string[]): Hex => `0102${hex(Uint8Array.of(some.length, 0))}${some.join('')}`
  return [
    ...refusals(bases, SPARSE, 'share-keys', 0, [
      ['sparse: a neighbor less', 'too-few-clients', list(entries[0]!, entries[1]!)],
      ['sparse: an entry more', 'malformed-message', list(...entries, entries[2]!)],
      ['sparse: not ascending', 'malformed-message', list(entries[0]!, entries[2]!, entries[1]!)],
      [
        'sparse: a seat that does not exist',
        'malformed-message',
        list(entries[0]!, entries[1]!, `06000000${entries[2]!.slice(8)}`),
      ],
      ['sparse: more announced than there are', 'malformed-message', overwrite(published, 2, '0400')],
    ]),
    ...refusals(bases, SPARSE, 'masked-input', 1, [
      ['sparse: fewer than t neighbors in U2', 'too-few-clients', `010401${forwarded.slice(6, 6 + 128)}`],
    ]),
    ...refusals(bases, SPARSE, 'unmasking', 2, [
      ['sparse: without the client itself', 'invalid-survivors', overwrite(announced, 2, '06')],
      ['sparse: fewer than t neighbors in U3', 'too-few-clients', overwrite(announced, 2, '03')],
    ]),
  ]
}

function forwardedShares(bases: Bases): TranscriptPlan[] {
  const base = bases[CURIOUS]!
  const [, forwarded] = inboundOf(base, 0) as [Hex, Hex]
  return refusals(bases, CURIOUS, 'masked-input', 1, [
    ['only itself in U2', 'too-few-clients', '010400'],
    ['a byte less', 'malformed-message', shortened(forwarded)],
    ['a byte more', 'malformed-message', lengthened(forwarded)],
    ['a bit of padding set', 'malformed-message', flip(forwarded, 2, 2)],
    ['U3 already', 'unexpected-message', '010607'],
  ])
}

function survivors(bases: Bases): TranscriptPlan[] {
  const cases = [
    ['without the client itself', 'invalid-survivors', '010606'],
    ['nobody', 'invalid-survivors', '010600'],
    ['only itself', 'too-few-clients', '010601'],
    ['a seat that does not exist', 'malformed-message', '01060f'],
    ['a byte more', 'malformed-message', '01060700'],
    ['no set', 'malformed-message', '0106'],
  ] as const
  const strangers = ([CURIOUS, ACTIVE] as const).map((base, index): TranscriptPlan => {
    const round = index === 0 ? 'unmasking' : 'consistency-check'
    const [published, forwarded] = inboundOf(bases[base]!, 0) as [Hex, Hex]
    return {
      name: `client, ${round}: a seat that is not in U2`,
      description: 'Client 2 has not shared its secrets, and is said to have survived.',
      base,
      party: 0,
      operations: [
        { do: 'start' },
        { do: 'receive', message: published },
        { do: 'receive', message: `010401${forwarded.slice(6, 6 + 128)}` },
        { do: 'receive', message: '010607', fails: { round, code: 'invalid-survivors' } },
        { do: 'receive', message: '010603' },
      ],
    }
  })
  return [
    ...refusals(bases, CURIOUS, 'unmasking', 2, cases),
    ...refusals(bases, ACTIVE, 'consistency-check', 2, cases),
    ...strangers,
  ]
}

function consistencySignatures(bases: Bases): TranscriptPlan[] {
  const base = bases[ACTIVE]!
  const [published, forwarded, , signatures] = inboundOf(base, 0) as [Hex, Hex, Hex, Hex]
  const signature = 3 + 64
  // Client 0 is told that client 2 has dropped out, and client 1 that nobody has.
  const config = configOf(base.round.parameters)
  const signedBy = (seat: number, survivors: readonly number[]): Hex =>
    hex(
      ed25519.sign(survivorsStatement(config, seat, survivors), unhex(base.round.clients[seat]!.signingKey!)),
    )
  const told = (name: string, code: string, message: Hex): TranscriptPlan => ({
    name: `client, unmasking: ${name}`,
    description: 'The client was told that client 2 has dropped out.',
    base: ACTIVE,
    party: 0,
    operations: [
      { do: 'start' },
      { do: 'receive', message: published },
      { do: 'receive', message: forwarded },
      { do: 'receive', message: '010603' },
      { do: 'receive', message, fails: { round: 'unmasking', code } },
      { do: 'receive', message: `010803${signedBy(0, [0, 1])}${signedBy(1, [0, 1])}` },
    ],
  })
  return [
    ...refusals(bases, ACTIVE, 'unmasking', 3, [
      ['one signature', 'too-few-clients', `${signatures.slice(0, 4)}01${signatures.slice(6, 6 + 128)}`],
      ['a signature with one bit flipped', 'invalid-signature', flip(signatures, signature + 40)],
      [
        'the signature of keys in place of that of U3',
        'invalid-signature',
        overwrite(signatures, signature, valuesOf(base, 1).advertiseKeys.signature!),
      ],
      ['a signature less than announced', 'malformed-message', signatures.slice(0, -128)],
      ['U3 in place of the signatures', 'conflicting-message', '010603'],
    ]).map((each) =>
      each.name.endsWith('in place of the signatures') ? inRound(each, 'consistency-check') : each,
    ),
    told('a signer that is not in U3', 'invalid-survivors', signatures),
    told(
      'a signature over another U3',
      'invalid-signature',
      `010803${signedBy(0, [0, 1])}${signedBy(1, [0, 1, 2])}`,
    ),
  ]
}

/** The same plan, whose failure belongs to another round. */
function inRound(plan: TranscriptPlan, round: string): TranscriptPlan {
  const operations = plan.operations.map(
    (each): Planned => ('fails' in each && each.fails ? { ...each, fails: { ...each.fails, round } } : each),
  )
  return { ...plan, operations }
}

function repetitions(bases: Bases): TranscriptPlan[] {
  const base = bases[CURIOUS]!
  const [published, forwarded, announced] = inboundOf(base, 0) as [Hex, Hex, Hex]
  const twice: Planned[] = [
    { do: 'start' },
    { do: 'receive', message: published },
    { do: 'receive', message: published },
  ]
  const second = (round: string, message: Hex, code = 'conflicting-message'): Planned => ({
    do: 'receive',
    message,
    fails: { round, code },
  })
  return [
    {
      name: 'client: messages twice, and second versions',
      description: 'What is repeated gets the same answer; another version of it is refused.',
      base: CURIOUS,
      party: 0,
      operations: [
        ...twice,
        second('share-keys', flip(published, -1)),
        { do: 'receive', message: forwarded },
        second('masked-input', `010401${forwarded.slice(6, 6 + 128)}`),
        { do: 'receive', message: forwarded },
        { do: 'receive', message: announced },
        { do: 'receive', message: announced },
        second('unmasking', '010603'),
        second('unmasking', published, 'unexpected-message'),
      ],
    },
    {
      name: 'client, unmasking: a ciphertext that does not open',
      description: 'What client 1 sealed is spoiled on its way: the answer leaves client 1 out.',
      base: CURIOUS,
      party: 0,
      operations: [
        { do: 'start' },
        { do: 'receive', message: published },
        { do: 'receive', message: flip(forwarded, 3) },
        { do: 'receive', message: announced },
      ],
    },
  ]
}

function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}
