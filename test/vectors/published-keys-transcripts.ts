import { ed25519 } from '@noble/curves/ed25519.js'
import { keysStatement } from '../../src/protocol/statements.js'
import { bytesOf, hex, integerOf, unhex } from './bytes.js'
import type { Hex } from './format.js'
import { configOf } from './library.js'
import type { TranscriptPlan } from './play.js'
import {
  ACTIVE,
  type Bases,
  CURIOUS,
  flip,
  inboundOf,
  lengthened,
  overwrite,
  refusals,
  shortened,
  valuesOf,
} from './transcript-support.js'

/** What a client refuses of the first message that it gets. */
export function publishedKeysTranscripts(bases: Bases): TranscriptPlan[] {
  return [...unreadable(bases), ...publishedKeys(bases), ...publishedSignatures(bases)]
}

function unreadable(bases: Bases): TranscriptPlan[] {
  const [published] = inboundOf(bases[CURIOUS]!, 0)
  return refusals(bases, CURIOUS, 'share-keys', 0, [
    ['no bytes', 'malformed-message', ''],
    ['one byte', 'malformed-message', '01'],
    ['another version', 'unsupported-version', overwrite(published!, 0, '01')],
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
    `020${2}0${1 << seat}${keysOf(seat).cipherPublicKey}${keysOf(seat).maskPublicKey}`
  const withKey = (key: Hex): Hex => overwrite(published, entry(1), key)
  const ones = 'ff'.repeat(30)
  return refusals(bases, CURIOUS, 'share-keys', 0, [
    ['only itself in U1', 'too-few-clients', only(0)],
    ['own c key exchanged', 'own-entry-mismatch', overwrite(published, entry(0), keysOf(1).cipherPublicKey)],
    ['own s key exchanged', 'own-entry-mismatch', flip(published, entry(0) + 32, 1)],
    [
      'without the client itself',
      'own-entry-mismatch',
      `020206${[1, 2].map((seat) => only(seat).slice(6)).join('')}`,
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
          fails: { phase: 'share-keys', code: 'duplicate-identity' },
        },
      ],
    },
  ]
}
