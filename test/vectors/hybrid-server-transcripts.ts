import type { Hex, RoundVector } from './format.js'
import {
  HYBRID,
  HYBRID_ACTIVE,
  HYBRID_CHOSEN,
  HYBRID_SLICES,
  KEM_KEYS_AT,
  kemKeysOf,
  placeOf,
  replaced,
  secretFrom,
  sentTo,
  similarKey,
  spoiled,
  UNREDUCED,
} from './hybrid-support.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  accepts,
  type Bases,
  CURIOUS,
  closed,
  lengthened,
  outboundOf,
  overwrite,
  plan,
  refuse,
  shortened,
} from './transcript-support.js'

/** Transcripts of a server with hybrid key agreement, whose clients do not keep to the protocol. */
export function hybridServerTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    advertisedKeys(bases),
    advertisedSignatures(bases),
    sharedKeys(bases),
    complaints(bases),
    complaintsAndSlices(bases),
    lateComplaints(bases),
    unknownComplaints(bases),
    falseComplaint(bases),
    trueComplaint(bases),
    silentReceiver(bases),
    wrongConfirmation(bases),
    wrongKey(bases),
    falseComplaintOnTheChosenGraph(bases),
  ]
}

function named(name: string, description: string, base: string, operations: Planned[]): TranscriptPlan {
  return plan(`hybrid, ${name}`, description, base, operations)
}

const complaint = (set: Hex): Hex => `020e${set}`

function advertisedKeys(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const [own, other] = [0, 1].map((seat) => outboundOf(base, seat)[0]![0]!) as [Hex, Hex]
  const [ownKeys, otherKeys] = [0, 1].map((seat) => kemKeysOf(base, seat)) as [Kem, Kem]
  const no = (message: Hex, code: string, seat = 0): Planned => refuse('advertise-keys', seat, message, code)
  const lastOf = placeOf(own, ownKeys.maskKemKey) + 1150
  return named('advertise-keys', 'Each refusal costs its sender nothing but that.', HYBRID, [
    no(own.slice(0, 2 * KEM_KEYS_AT), 'malformed-message'),
    no(shortened(own), 'malformed-message'),
    no(lengthened(own), 'malformed-message'),
    no(overwrite(own, KEM_KEYS_AT, UNREDUCED), 'invalid-public-key'),
    no(overwrite(own, lastOf, 'f0ff'), 'invalid-public-key'),
    no(replaced(own, ownKeys.maskKemKey, ownKeys.cipherKemKey), 'duplicate-key'),
    ...accepts(base, 0, [0]),
    no(replaced(own, ownKeys.maskKemKey, similarKey(ownKeys.maskKemKey)), 'conflicting-message'),
    no(replaced(other, otherKeys.cipherKemKey, ownKeys.cipherKemKey), 'duplicate-key', 1),
    no(replaced(other, otherKeys.maskKemKey, ownKeys.cipherKemKey), 'duplicate-key', 1),
    {
      do: 'accept',
      seat: 1,
      message: replaced(other, otherKeys.cipherKemKey, similarKey(ownKeys.cipherKemKey)),
    },
    { do: 'close' },
  ])
}

type Kem = ReturnType<typeof kemKeysOf>

function advertisedSignatures(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID_ACTIVE]!
  const [own] = outboundOf(base, 0)[0]!
  const { cipherKemKey, maskKemKey } = kemKeysOf(base, 0)
  const no = (message: Hex): Planned => refuse('advertise-keys', 0, message, 'invalid-signature')
  return named('advertise-keys: signatures', 'They cover the ML-KEM-768 keys.', HYBRID_ACTIVE, [
    no(replaced(own!, cipherKemKey, similarKey(cipherKemKey))),
    no(replaced(own!, maskKemKey, similarKey(maskKemKey))),
    no(overwrite(own!, KEM_KEYS_AT, maskKemKey + cipherKemKey)),
    ...accepts(base, 0, [0]),
  ])
}

function sharedKeys(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const [own] = outboundOf(base, 0)[1]! as [Hex]
  const no = (message: Hex, code: string): Planned => refuse('share-keys', 0, message, code)
  return named('share-keys', 'Parcels have the length that the pair makes necessary.', HYBRID, [
    ...closed(base, 1),
    no(own.replace(sentTo(base, 0, 1), ''), 'malformed-message'),
    no(own + sentTo(base, 2, 0), 'malformed-message'),
    no(shortened(own), 'malformed-message'),
    no(lengthened(own), 'malformed-message'),
    no(complaint('01'), 'unexpected-message'),
    ...accepts(base, 1, [0]),
  ])
}

function complaints(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID_ACTIVE]!
  const no = (seat: number, message: Hex, code: string): Planned =>
    refuse('masked-input', seat, message, code)
  const masked = (seat: number): Hex => outboundOf(base, seat)[2]![0]!
  return named(
    'complaints',
    'Clients 2 and 4 send client 0 secrets for masks. It complains about one of them, and does not change its mind. Client 1 has masked, and does not either.',
    HYBRID_ACTIVE,
    [
      ...closed(base, 2),
      no(0, complaint(''), 'malformed-message'),
      no(0, complaint('00'), 'malformed-message'),
      no(0, complaint('04'), 'malformed-message'),
      no(0, complaint('0100'), 'malformed-message'),
      no(5, complaint('01'), 'unknown-seat'),
      { do: 'accept', seat: 0, message: complaint('01') },
      { do: 'accept', seat: 0, message: complaint('01') },
      no(0, complaint('02'), 'conflicting-message'),
      no(0, masked(0), 'conflicting-message'),
      ...accepts(base, 2, [1]),
      no(1, complaint('01'), 'conflicting-message'),
      ...accepts(base, 2, [3, 4]),
      { do: 'close' },
      refuse('consistency-check', 2, complaint('01'), 'late-message'),
      { do: 'accept', seat: 0, message: complaint('01') },
    ],
  )
}

function complaintsAndSlices(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID_SLICES]!
  const no = (seat: number, message: Hex): Planned =>
    refuse('masked-input', seat, message, 'conflicting-message')
  const [first, second] = outboundOf(base, 1)[2]! as [Hex, Hex]
  return named(
    'complaints: slices',
    'Client 1 has begun to send its vector, and cannot complain. Client 0 has complained, and cannot send one.',
    HYBRID_SLICES,
    [
      ...closed(base, 2),
      { do: 'accept', seat: 1, message: first },
      no(1, complaint('01')),
      { do: 'accept', seat: 1, message: second },
      { do: 'accept', seat: 0, message: complaint('01') },
      no(0, first),
      ...accepts(base, 2, [2, 3]),
      { do: 'close' },
      refuse('unmasking', 1, complaint('01'), 'late-message'),
    ],
  )
}

function lateComplaints(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  return named('complaints: late', 'Nobody has complained while it was time.', HYBRID, [
    ...closed(base, 2),
    ...accepts(base, 2, [0, 1]),
    { do: 'close' },
    refuse('unmasking', 2, complaint('01'), 'late-message'),
    refuse('unmasking', 0, complaint('01'), 'late-message'),
    ...accepts(base, 3, [0, 1]),
    { do: 'close' },
    refuse('unmasking', 0, complaint('01'), 'late-message'),
  ])
}

/** Without hybrid key agreement there are none. */
function unknownComplaints(bases: Bases): TranscriptPlan {
  const base = bases[CURIOUS]!
  return plan('complaints without hybrid key agreement', 'The type is never due.', CURIOUS, [
    ...closed(base, 2),
    refuse('masked-input', 0, complaint('01'), 'unexpected-message'),
    ...accepts(base, 2, [0, 1, 2]),
    { do: 'close' },
    refuse('unmasking', 0, complaint('01'), 'unexpected-message'),
  ])
}

/** Client 2 shares its secrets, and then complains about client 1, or says nothing. */
function withClient2(base: RoundVector, complains: boolean): Planned[] {
  return [
    ...(complains ? [{ do: 'accept', seat: 2, message: complaint('01') } as const] : []),
    ...accepts(base, 2, [0, 1]),
    { do: 'close' },
    ...accepts(base, 3, [0, 1]),
  ]
}

const CULPRIT_1 = { phase: 'unmasking', code: 'wrong-mask-secret', culprits: [1] }
const CULPRIT_2 = { phase: 'unmasking', code: 'wrong-mask-secret', culprits: [2] }

function falseComplaint(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  return named('complaints: false', 'The secret opens, so the author is at fault.', HYBRID, [
    ...closed(base, 2),
    ...withClient2(base, true),
    { do: 'close' },
  ])
}

/** The first two phases, in which the client at `seat` shares its secrets with one more change. */
function sharing(base: RoundVector, seat: number, change: (message: Hex) => Hex): Planned[] {
  const message = change(outboundOf(base, seat)[1]![0]!)
  const others = base.values.sets.u1.filter((other) => other !== seat)
  return [...closed(base, 1), ...accepts(base, 1, others), { do: 'accept', seat, message }, { do: 'close' }]
}

function trueComplaint(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const { encapsulated } = secretFrom(base, 1, 2)
  return named('complaints: true', 'The secret does not open, so its sender is at fault.', HYBRID, [
    ...sharing(base, 1, (message) => spoiled(message, encapsulated.ciphertext)),
    ...withClient2(base, true),
    { do: 'close', fails: CULPRIT_1 },
    { do: 'close', fails: CULPRIT_1 },
    refuse('unmasking', 0, outboundOf(base, 1)[3]![0]!, 'conflicting-message'),
  ])
}

function silentReceiver(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const { sealed } = secretFrom(base, 1, 2)
  return named('unmasking: no complaint', 'The server opens what the dropped client had been sent.', HYBRID, [
    ...sharing(base, 1, (message) => spoiled(message, sealed)),
    ...withClient2(base, false),
    { do: 'close', fails: CULPRIT_1 },
  ])
}

function wrongConfirmation(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const { confirmation } = secretFrom(base, 2, 0)
  const description =
    'The sender drops out, and had confirmed another secret than follows from its master secret.'
  return named('unmasking: a wrong confirmation', description, HYBRID, [
    ...sharing(base, 2, (message) => spoiled(message, confirmation)),
    ...withClient2(base, false),
    { do: 'close', fails: CULPRIT_2 },
  ])
}

function wrongKey(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const [advertised] = outboundOf(base, 2)[0]! as [Hex]
  const { maskKemKey } = kemKeysOf(base, 2)
  const description =
    'The client drops out, and its sk does not follow from its master secret, though s does.'
  return named('unmasking: a wrong ML-KEM-768 key', description, HYBRID, [
    ...accepts(base, 0, [0, 1]),
    { do: 'accept', seat: 2, message: replaced(advertised, maskKemKey, similarKey(maskKemKey)) },
    { do: 'close' },
    ...accepts(base, 1, [0, 1, 2]),
    { do: 'close' },
    ...withClient2(base, false),
    { do: 'close', fails: CULPRIT_2 },
  ])
}

/** The client that drops out complains about everybody who sends to it. */
function falseComplaintOnTheChosenGraph(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID_CHOSEN]!
  const { u2, u3, u4 } = base.values.sets
  const author = u2.find((seat) => !u3.includes(seat))!
  const senders = u2.filter((seat) => seat !== author && secretFrom(base, seat, author) !== undefined)
  const all = (1 << senders.length) - 1
  return named('complaints: false, on the chosen graph', 'The secrets open.', HYBRID_CHOSEN, [
    ...closed(base, 2),
    { do: 'accept', seat: author, message: complaint(all.toString(16).padStart(2, '0')) },
    ...accepts(base, 2, u3),
    { do: 'close' },
    ...accepts(base, 3, u4!),
    { do: 'close' },
    ...accepts(base, 4, base.values.sets.u5),
    { do: 'close' },
  ])
}
