import { hex } from './bytes.js'
import type { Hex } from './format.js'
import type { Planned, TranscriptPlan } from './play.js'
import { publishedKeysTranscripts } from './published-keys-transcripts.js'
import {
  ACTIVE,
  type Bases,
  CURIOUS,
  flip,
  inboundOf,
  lengthened,
  overwrite,
  refusals,
  SPARSE,
  shortened,
  signedSurvivors,
  valuesOf,
} from './transcript-support.js'

/** Transcripts of a client and a server that does not keep to the protocol. */
export function clientTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    ...publishedKeysTranscripts(bases),
    ...sparse(bases),
    ...forwardedShares(bases),
    ...survivors(bases),
    ...consistencySignatures(bases),
    ...repetitions(bases),
  ]
}

function sparse(bases: Bases): TranscriptPlan[] {
  const base = bases[SPARSE]!
  const [published, forwarded, announced] = inboundOf(base, 0) as [Hex, Hex, Hex]
  const entries = [0, 1, 2].map((index) => published.slice(8 + index * 136, 8 + (index + 1) * 136))
  const told = entries.map((each) => each.slice(0, 8))
  const another = ['01000000', '02000000', '03000000'].find((seat) => !told.includes(seat))!
  const more = [...entries, another + valuesOf(base, 1).advertiseKeys.message.slice(2 * 34)].sort()
  const list = (...some: string[]): Hex => `0202${hex(Uint8Array.of(some.length, 0))}${some.join('')}`
  return [
    ...refusals(bases, SPARSE, 'share-keys', 0, [
      ['sparse: a neighbor less', 'too-few-clients', list(entries[0]!, entries[1]!)],
      ['sparse: an entry more', 'malformed-message', list(...more)],
      ['sparse: not ascending', 'malformed-message', list(entries[0]!, entries[2]!, entries[1]!)],
      [
        'sparse: a seat that does not exist',
        'malformed-message',
        list(entries[0]!, entries[1]!, `06000000${entries[2]!.slice(8)}`),
      ],
      ['sparse: more announced than there are', 'malformed-message', overwrite(published, 2, '0400')],
    ]),
    ...refusals(bases, SPARSE, 'masked-input', 1, [
      ['sparse: fewer than t neighbors in U2', 'too-few-clients', `020401${forwarded.slice(6, 6 + 128)}`],
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
    ['only itself in U2', 'too-few-clients', '020400'],
    ['a byte less', 'malformed-message', shortened(forwarded)],
    ['a byte more', 'malformed-message', lengthened(forwarded)],
    ['a bit of padding set', 'malformed-message', flip(forwarded, 2, 2)],
    ['U3 already', 'unexpected-message', '020607'],
  ])
}

function survivors(bases: Bases): TranscriptPlan[] {
  const cases = [
    ['without the client itself', 'invalid-survivors', '020606'],
    ['nobody', 'invalid-survivors', '020600'],
    ['only itself', 'too-few-clients', '020601'],
    ['a seat that does not exist', 'malformed-message', '02060f'],
    ['a byte more', 'malformed-message', '02060700'],
    ['no set', 'malformed-message', '0206'],
  ] as const
  const strangers = ([CURIOUS, ACTIVE] as const).map((base, index): TranscriptPlan => {
    const phase = index === 0 ? 'unmasking' : 'consistency-check'
    const [published, forwarded] = inboundOf(bases[base]!, 0) as [Hex, Hex]
    return {
      name: `client, ${phase}: a seat that is not in U2`,
      description: 'Client 2 has not shared its secrets, and is said to have survived.',
      base,
      party: 0,
      operations: [
        { do: 'start' },
        { do: 'receive', message: published },
        { do: 'receive', message: `020401${forwarded.slice(6, 6 + 128)}` },
        { do: 'receive', message: '020607', fails: { phase, code: 'invalid-survivors' } },
        { do: 'receive', message: '020603' },
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
  const signedBy = (seat: number, survivors: readonly number[]): Hex => signedSurvivors(base, seat, survivors)
  const told = (name: string, code: string, message: Hex): TranscriptPlan => ({
    name: `client, unmasking: ${name}`,
    description: 'The client was told that client 2 has dropped out.',
    base: ACTIVE,
    party: 0,
    operations: [
      { do: 'start' },
      { do: 'receive', message: published },
      { do: 'receive', message: forwarded },
      { do: 'receive', message: '020603' },
      { do: 'receive', message, fails: { phase: 'unmasking', code } },
      { do: 'receive', message: `020803${signedBy(0, [0, 1])}${signedBy(1, [0, 1])}` },
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
      ['U3 in place of the signatures', 'conflicting-message', '020603'],
    ]).map((each) =>
      each.name.endsWith('in place of the signatures') ? inRound(each, 'consistency-check') : each,
    ),
    told('a signer that is not in U3', 'invalid-survivors', signatures),
    told(
      'a signature over another U3',
      'invalid-signature',
      `020803${signedBy(0, [0, 1])}${signedBy(1, [0, 1, 2])}`,
    ),
    told(
      'a signature over the same U3, from a run of the round with other keys',
      'invalid-signature',
      `020803${signedBy(0, [0, 1])}${signedSurvivors(base, 1, [0, 1], { published: flip(published, 3) })}`,
    ),
  ]
}

/** The same plan, whose failure belongs to another round. */
function inRound(plan: TranscriptPlan, phase: string): TranscriptPlan {
  const operations = plan.operations.map(
    (each): Planned => ('fails' in each && each.fails ? { ...each, fails: { ...each.fails, phase } } : each),
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
  const second = (phase: string, message: Hex, code = 'conflicting-message'): Planned => ({
    do: 'receive',
    message,
    fails: { phase, code },
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
        second('masked-input', `020401${forwarded.slice(6, 6 + 128)}`),
        { do: 'receive', message: forwarded },
        { do: 'receive', message: announced },
        { do: 'receive', message: announced },
        second('unmasking', '020603'),
        second('unmasking', published, 'unexpected-message'),
        second('unmasking', forwarded, 'unexpected-message'),
        second('unmasking', '', 'unexpected-message'),
        second('unmasking', '0106', 'unexpected-message'),
        { do: 'receive', message: announced },
      ],
    },
    {
      name: 'client: an older message once more',
      description: 'Of what it has answered a client keeps the last message alone.',
      base: CURIOUS,
      party: 0,
      operations: [
        ...twice,
        { do: 'receive', message: forwarded },
        second('unmasking', published, 'unexpected-message'),
        { do: 'receive', message: forwarded },
        { do: 'receive', message: announced },
      ],
    },
    {
      name: 'client, unmasking: without a signature of its own',
      description: 'The client has signed U3 and is not in U4, which does not matter.',
      base: ACTIVE,
      party: 0,
      operations: [
        { do: 'start' },
        ...inboundOf(bases[ACTIVE]!, 0)
          .slice(0, 3)
          .map((message): Planned => ({ do: 'receive', message })),
        {
          do: 'receive',
          message: `020806${signedSurvivors(bases[ACTIVE]!, 1, [0, 1, 2])}${signedSurvivors(bases[ACTIVE]!, 2, [0, 1, 2])}`,
        },
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
