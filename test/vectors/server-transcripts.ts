import { ed25519 } from '@noble/curves/ed25519.js'
import { keysStatement } from '../../src/protocol/statements.js'
import { unhex } from './bytes.js'
import type { Hex } from './format.js'
import { configOf } from './library.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  ACTIVE,
  accepts,
  type Bases,
  CURIOUS,
  closed,
  flip,
  inboundOf,
  lengthened,
  outboundOf,
  overwrite,
  plan,
  refuse,
  SPARSE,
  shortened,
  signedSurvivors,
  tooFew,
  valuesOf,
} from './transcript-support.js'
import { unmaskingTranscripts } from './unmasking-transcripts.js'

/** Transcripts of a server and clients that do not keep to the protocol, or drop out. */
export function serverTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    advertisedKeys(bases),
    advertisedSignatures(bases),
    duplicateIdentity(bases),
    sharedKeys(bases),
    maskedInputs(bases),
    slices(bases),
    ...orderOfChecks(bases),
    afterTheSum(bases),
    consistencyChecks(bases),
    assumptions(bases),
    ...unmaskingTranscripts(bases),
  ]
}

function advertisedKeys(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  const [own, other] = [0, 1].map((seat) => outboundOf(base, seat)[0]![0]!) as [Hex, Hex]
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('advertise-keys', seat, message, code)
  const keys = valuesOf(base, 1).advertiseKeys
  return plan('advertise-keys', 'Each refusal costs its sender nothing but that.', CURIOUS, [
    no('', 'malformed-message'),
    no(shortened(own), 'malformed-message'),
    no(lengthened(own), 'malformed-message'),
    no(overwrite(own, 0, '00'), 'unsupported-version'),
    no(overwrite(own, 1, '03'), 'unexpected-message'),
    no(own, 'unknown-seat', 3),
    no(flip(own, 2), 'configuration-mismatch'),
    no(`${flip(own, 2)}${'00'.repeat(64)}`, 'configuration-mismatch'),
    no(flip(own, 2).slice(0, 2 * 34), 'configuration-mismatch'),
    no(flip(own, 2).slice(0, 2 * 33), 'malformed-message'),
    no(overwrite(own, 34, '00'.repeat(32)), 'invalid-public-key'),
    no(flip(own, 65, 7), 'invalid-public-key'),
    no(overwrite(own, 66, own.slice(68, 132)), 'duplicate-key'),
    { do: 'accept', seat: 0, message: own },
    { do: 'accept', seat: 0, message: own },
    no(flip(own, 34, 1), 'conflicting-message'),
    no(own, 'duplicate-key', 1),
    no(overwrite(other, 66, own.slice(68, 132)), 'duplicate-key', 1),
    tooFew('advertise-keys'),
    { do: 'accept', seat: 1, message: overwrite(other, 34, keys.cipherPublicKey) },
    { do: 'close' },
  ])
}

function advertisedSignatures(bases: Bases): TranscriptPlan {
  const base = bases[ACTIVE]!
  const [own, other] = [0, 1].map((seat) => outboundOf(base, seat)[0]![0]!) as [Hex, Hex]
  return plan('advertise-keys: signatures', 'Seat 0 sends what seat 1 has signed.', ACTIVE, [
    refuse('advertise-keys', 0, flip(own, -1, 4), 'invalid-signature'),
    refuse('advertise-keys', 0, flip(own, 98), 'invalid-signature'),
    refuse('advertise-keys', 0, other, 'invalid-signature'),
    refuse('advertise-keys', 0, own.slice(0, 2 * 98), 'malformed-message'),
    ...accepts(base, 0, [0, 1, 2]),
  ])
}

function duplicateIdentity(bases: Bases): TranscriptPlan {
  const base = bases[ACTIVE]!
  const { enrolled, clients, parameters } = base.round
  const keys = valuesOf(base, 2).advertiseKeys
  const statement = keysStatement(configOf(parameters), 2, {
    cipherKey: unhex(keys.cipherPublicKey),
    maskKey: unhex(keys.maskPublicKey),
  })
  const signature = ed25519.sign(statement, unhex(clients[1]!.signingKey!))
  const message = overwrite(keys.message, 98, signature)
  return {
    ...plan(
      'advertise-keys: one identity at two seats',
      'Seat 2 may be the identity of seat 1, and is.',
      ACTIVE,
      [...accepts(base, 0, [1]), refuse('advertise-keys', 2, message, 'duplicate-identity')],
    ),
    enrolled: [enrolled![0]!, enrolled![1]!, enrolled![1]!],
  }
}

function sharedKeys(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  const [[advertised], [shared]] = outboundOf(base, 0) as [[Hex], [Hex]]
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('share-keys', seat, message, code)
  return plan('share-keys', 'Client 2 has not advertised keys; there is one peer for each client.', CURIOUS, [
    ...accepts(base, 0, [0, 1]),
    { do: 'close' },
    no(shared, 'malformed-message'),
    no(shared.slice(0, -256), 'malformed-message'),
    no(shared.slice(0, -128), 'unknown-seat', 2),
    no(advertised, 'late-message', 2),
    { do: 'accept', seat: 0, message: advertised },
    no(flip(advertised, -1), 'late-message'),
    { do: 'accept', seat: 0, message: shared.slice(0, -128) },
    no(flip(shared, 2).slice(0, -128), 'conflicting-message'),
    tooFew('share-keys'),
  ])
}

function maskedInputs(bases: Bases): TranscriptPlan {
  const base = bases[ACTIVE]!
  const masked = outboundOf(base, 0)[2]![0]!
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('masked-input', seat, message, code)
  return plan('masked-input', 'Client 2 has not shared its secrets.', ACTIVE, [
    ...closed(base, 1),
    ...accepts(base, 1, [0, 1]),
    { do: 'close' },
    no(shortened(masked), 'malformed-message'),
    no(lengthened(masked), 'malformed-message'),
    no(overwrite(masked, 1, '07'), 'unexpected-message'),
    no(masked, 'unknown-seat', 2),
    { do: 'accept', seat: 0, message: masked },
    { do: 'accept', seat: 0, message: masked },
    no(flip(masked, -1), 'conflicting-message'),
    tooFew('masked-input'),
  ])
}

function slices(bases: Bases): TranscriptPlan {
  const base = bases[SPARSE]!
  const [first, second, third] = outboundOf(base, 0)[2] as [Hex, Hex, Hex]
  const no = (message: Hex, code: string): Planned => refuse('masked-input', 0, message, code)
  return plan(
    'masked-input: slices',
    'Client 0 sends its slices in any order and leaves the last one out.',
    SPARSE,
    [
      ...closed(base, 2),
      no(overwrite(first, 1, '05'), 'unexpected-message'),
      no(overwrite(first, 2, '03000000'), 'malformed-message'),
      no(overwrite(first, 2, '02000000'), 'malformed-message'),
      no(first.slice(0, 10), 'malformed-message'),
      no(flip(third, -1, 7), 'malformed-message'),
      { do: 'accept', seat: 0, message: third },
      { do: 'accept', seat: 0, message: first },
      { do: 'accept', seat: 0, message: first },
      no(flip(first, -1), 'conflicting-message'),
      no(first.slice(0, 12), 'conflicting-message'),
      no(overwrite(first, 2, '03000000').slice(0, 12), 'malformed-message'),
      ...accepts(base, 2, [1, 2, 3, 4, 5]),
      tooFew('masked-input', 'too-few-shares'),
      { do: 'accept', seat: 0, message: second },
      { do: 'close' },
    ],
  )
}

/** Seat 3 does not exist. Of its messages no more is looked at than header and type; of an accepted one's second version neither. */
function orderOfChecks(bases: Bases): TranscriptPlan[] {
  return [CURIOUS, ACTIVE].map((name) => {
    const base = bases[name]!
    const rounds = ['advertise-keys', 'share-keys', 'masked-input', 'consistency-check', 'unmasking']
    if (name === CURIOUS) rounds.splice(3, 1)
    const operations = rounds.flatMap((round, step): Planned[] => {
      const due = outboundOf(base, 0)[step]![0]!.slice(0, 4)
      const earlier = outboundOf(base, 0)[step - 1]?.[0]
      return [
        refuse(round, 3, '', 'malformed-message'),
        refuse(round, 3, '01', 'malformed-message'),
        refuse(round, 3, '0102', 'unsupported-version'),
        refuse(round, 3, '0202', 'unexpected-message'),
        ...(earlier === undefined ? [] : [refuse(round, 3, earlier.slice(0, 4), 'late-message')]),
        refuse(round, 3, due, 'unknown-seat'),
        ...(earlier === undefined ? [] : ([{ do: 'accept', seat: 0, message: earlier }] as const)),
        ...accepts(base, step, [0]),
        refuse(round, 0, due, 'conflicting-message'),
        ...accepts(base, step, [1, 2]),
        { do: 'close' },
      ]
    })
    return plan(`the order of checks (${name})`, 'Nobody has dropped out.', name, operations)
  })
}

function afterTheSum(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  const [advertised, , , answer] = outboundOf(base, 0).map(([message]) => message!) as [Hex, Hex, Hex, Hex]
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('unmasking', seat, message, code)
  return plan('after the sum', 'What is repeated is ignored, and all else comes too late.', CURIOUS, [
    ...closed(base, 3),
    ...accepts(base, 3, [0, 1]),
    { do: 'close' },
    { do: 'accept', seat: 0, message: answer },
    { do: 'accept', seat: 0, message: advertised },
    no(flip(answer, -1), 'late-message'),
    no(answer.slice(0, 4), 'late-message'),
    no(answer, 'late-message', 3),
    no(outboundOf(base, 2)[3]![0]!, 'late-message', 2),
    no(flip(advertised, -1), 'late-message'),
    no('0202', 'unexpected-message'),
    no('020a', 'unexpected-message'),
    no('0109', 'unsupported-version'),
    no('02', 'malformed-message'),
  ])
}

function consistencyChecks(bases: Bases): TranscriptPlan {
  const base = bases[ACTIVE]!
  const signed = (seat: number, survivors: readonly number[], more = {}): Hex =>
    `0207${signedSurvivors(base, seat, survivors, more)}`
  const published = flip(inboundOf(base, 0)[0]!, 3)
  const no = (message: Hex, code: string, seat = 0): Planned =>
    refuse('consistency-check', seat, message, code)
  return plan('consistency-check', 'Client 2 has dropped out; U3 is 0 and 1.', ACTIVE, [
    ...closed(base, 2),
    ...accepts(base, 2, [0, 1]),
    { do: 'close' },
    no(signed(0, [0, 1, 2]), 'invalid-signature'),
    no(signed(0, [0, 1], { by: 1 }), 'invalid-signature'),
    no(signed(0, [0, 1], { published }), 'invalid-signature'),
    no(signed(1, [0, 1]), 'invalid-signature'),
    no(signed(2, [0, 1]), 'unknown-seat', 2),
    no(shortened(signed(0, [0, 1])), 'malformed-message'),
    { do: 'accept', seat: 0, message: signed(0, [0, 1]) },
    tooFew('consistency-check'),
    { do: 'accept', seat: 1, message: signed(1, [0, 1]) },
    { do: 'close' },
  ])
}

function assumptions(bases: Bases): TranscriptPlan {
  const name = 'round-sparse-proven'
  const base = bases[name]!
  const seats = base.values.sets.u1
  const description =
    'What is assumed takes nine clients in U1, and in U2 all of them but one; the minimum cohort is four.'
  return plan('what is assumed on the sparse graph', description, name, [
    ...accepts(base, 0, seats.slice(0, 8)),
    tooFew('advertise-keys'),
    ...accepts(base, 0, seats.slice(8)),
    { do: 'close' },
    ...accepts(base, 1, seats.slice(0, 10)),
    tooFew('share-keys'),
    ...accepts(base, 1, seats.slice(10, 11)),
    { do: 'close' },
  ])
}
