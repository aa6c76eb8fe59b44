import { createRoundConfig } from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { expandMask, packVector } from 'secagg/vector'
import { isAcceptablePublicKey } from '../../src/crypto/encodings.js'
import { partOf } from '../../src/graph/chooser/assumptions.js'
import { minimumProven, requireProven } from '../../src/graph/chooser/check-assumptions.js'
import { sliceCount, sliceRange } from '../../src/vector/segments.js'
import { inputFor } from '../support/inputs.js'
import { type Random, randomOf } from '../support/seeded.js'
import { hex, unhex } from './bytes.js'
import type { Parameters, Parts } from './format.js'
import { configOf, elementsOf, statedSplitter } from './library.js'
import { configurationValues } from './record.js'
import { signatureCases } from './signature-cases.js'

/** Vectors of single parts of the protocol, for whoever builds it bottom up. */
export async function partVectors(): Promise<Parts> {
  const random = randomOf(20)
  const { ed25519 } = nobleCrypto()
  return {
    configurations: configurations(random).map((parameters) => ({
      parameters,
      values: configurationValues(parameters, configOf(parameters)),
    })),
    neighborhoods: NEIGHBORHOODS.map(neighborhood),
    fractions: FRACTIONS.map(([fraction, of]) => ({ fraction, of, part: partOf(of, fraction) })),
    sliceLengths: SLICE_LENGTHS.map(([elements, stated]) => ({
      elements,
      stated,
      encoded: sliceLengthOf(elements, stated),
    })),
    publicKeys: PUBLIC_KEYS.map((publicKey) => ({
      publicKey,
      acceptable: isAcceptablePublicKey(unhex(publicKey)),
    })),
    signatures: await Promise.all(
      signatureCases().map(async (each) => ({
        ...each,
        valid: await ed25519.verify(unhex(each.publicKey), unhex(each.message), unhex(each.signature)),
      })),
    ),
    sharing: await Promise.all(
      [
        { threshold: 2, holders: 2, at: [1, 2], length: 16 },
        { threshold: 3, holders: 255, at: [1, 2, 3, 128, 255], length: 32 },
        { threshold: 2, holders: 256, at: [1, 255, 256], length: 16 },
        { threshold: 4, holders: 65535, at: [1, 2, 255, 256, 257, 65535], length: 32 },
      ].map((each) => sharing(random, each)),
    ),
    masks: await Promise.all((['aes', 'chacha'] as const).map((suite) => masks(random, suite))),
    packing: [1, 7, 8, 9, 31, 33, 64].map((bits) => packing(random, bits)),
    malformed: [
      { segments: [{ length: 3, bits: 5 }], packed: '0080' },
      { segments: [{ length: 3, bits: 5 }], packed: '00' },
      { segments: [{ length: 3, bits: 5 }], packed: '000000' },
      {
        segments: [
          { length: 1, bits: 1 },
          { length: 1, bits: 7 },
        ],
        packed: '0200',
      },
    ],
    slices: [
      { segments: [{ length: 200, bits: 3 }], sliceLength: 64 },
      { segments: [{ length: 200, bits: 8 }], sliceLength: 65 },
      { segments: [{ length: 300, bits: 1 }], sliceLength: 71 },
      {
        segments: [
          { length: 67, bits: 5 },
          { length: 1, bits: 64 },
          { length: 75, bits: 9 },
        ],
        sliceLength: 70,
      },
      { segments: Array.from({ length: 70 }, () => ({ length: 3, bits: 2 })), sliceLength: 100 },
    ].map(({ segments, sliceLength }) => ({
      segments,
      sliceLength,
      slices: Array.from({ length: sliceCount(segments, sliceLength) }, (_, index): [number, number] => {
        const { from, to } = sliceRange(segments, sliceLength, index)
        return [from, to]
      }),
    })),
  }
}

function configurations(random: Random): Parameters[] {
  const curious: Parameters = {
    sessionId: hex(random.bytes(16)),
    clients: 2,
    threshold: 2,
    minimumCohort: 2,
    adversary: 'honest-but-curious',
    suite: 'aes',
    neighbors: 0,
    assumptions: null,
    corruptClients: null,
    signatureLength: 0,
    sliceLength: null,
    segments: [{ length: 1, bits: 1, bound: 'modular' }],
    context: [],
  }
  return [
    curious,
    {
      ...curious,
      sessionId: hex(random.bytes(64)),
      clients: 65535,
      threshold: 43691,
      minimumCohort: 50000,
      adversary: 'active',
      suite: 'chacha',
      signatureLength: 3309,
      sliceLength: 1048578,
      segments: [
        { length: 68719476736, bits: 1, bound: '1' },
        { length: 5, bits: 64, bound: '281479271743489' },
        { length: 70000, bits: 17, bound: 'modular' },
      ],
      context: [
        { name: 'b', value: hex(random.bytes(40)) },
        { name: 'B', value: '' },
        { name: 'a b', value: '00' },
        { name: 'a', value: 'ff' },
        { name: '~'.repeat(255), value: '7e' },
      ],
    },
    { ...curious, clients: 10, threshold: 8, minimumCohort: 9, corruptClients: 7 },
    {
      ...curious,
      clients: 10,
      threshold: 6,
      minimumCohort: 6,
      adversary: 'active',
      corruptClients: 0,
      signatureLength: 64,
    },
    { ...curious, clients: 20, neighbors: 6, threshold: 3, minimumCohort: 10 },
    {
      ...curious,
      clients: 100,
      neighbors: 12,
      assumptions: { corruptFraction: 0.05, dropoutFraction: 0.05, statisticalSecurity: 40 },
      threshold: 6,
      minimumCohort: 51,
    },
  ]
}

const NEIGHBORHOODS: readonly (readonly [
  n: number,
  k: number,
  t: number,
  γ: number,
  δ: number,
  σ: number,
])[] = [
  [100, 12, 6, 0.05, 0.05, 40],
  [100, 10, 6, 0.05, 0.05, 40],
  [100, 12, 5, 0.05, 0.05, 40],
  [1000, 30, 17, 0.05, 0.05, 40],
  [1000, 30, 16, 0.05, 0.05, 40],
  [1000, 28, 17, 0.05, 0.05, 40],
  [100, 44, 30, 0.29, 0.05, 20],
  [100, 44, 29, 0.29, 0.05, 20],
  [12, 4, 3, 0.25, 0.09, 1],
  [6, 2, 2, 0, 0.25, 1],
  [6, 2, 2, 0, 0.5, 1],
  [7, 6, 4, 0.2, 0.2, 40],
  [7, 6, 3, 0.2, 0.2, 40],
  // More than n corrupt and gone; as many neighbors as there are others.
  [20, 18, 12, 0.55, 0.5, 1],
  [9, 8, 7, 0.7, 0.5, 1],
  // The recheck at m = k + 1, where the first bound is 0 though k is not above A + D.
  [40, 6, 6, 0.125, 0.15, 1],
  // 35 clients are too few, and 34 would be enough.
  [37, 18, 13, 0.33, 0.2, 20],
]

const FRACTIONS: readonly (readonly [fraction: number, of: number])[] = [
  [0.29, 100],
  [0.07, 100],
  [1 / 3, 3],
  [1 / 3, 65535],
  [0.3333, 3],
  [0.9999999999999999, 10],
  [0.999999999999999, 10],
  [0, 10],
]

const SLICE_LENGTHS: readonly (readonly [elements: number, stated: number])[] = [
  [100, 63],
  [100, 64],
  [100, 99],
  [100, 100],
  [10, 64],
  [10, 2 ** 36],
  [10, 2 ** 36 + 1],
  [2 ** 36, 2 ** 20],
  [2 ** 36, 2 ** 20 - 1],
  [2 ** 36, 2 ** 36],
]

/** What stands in the encoding of a configuration of so many elements, or null where it is refused. */
function sliceLengthOf(elements: number, stated: number): number | null {
  try {
    const { sliceLength } = createRoundConfig({
      sessionId: new Uint8Array(16),
      clients: 2,
      adversary: 'honest-but-curious',
      segments: [{ length: elements, bits: 1, bound: 'modular' }],
      sliceLength: stated,
    })
    return sliceLength ?? 0
  } catch {
    return null
  }
}

function neighborhood([
  clients,
  neighbors,
  threshold,
  corruptFraction,
  dropoutFraction,
  statisticalSecurity,
]: (typeof NEIGHBORHOODS)[number]) {
  const assumptions = { corruptFraction, dropoutFraction, statisticalSecurity }
  const offered = { clients, neighbors, threshold, assumptions }
  try {
    requireProven({ ...offered, kind: 'sparse', minimumCohort: threshold })
  } catch {
    return { ...offered, minimumPresent: null }
  }
  return { ...offered, minimumPresent: minimumProven(offered) }
}

const ones = 'ff'.repeat(30)

const PUBLIC_KEYS: readonly string[] = [
  `09${'00'.repeat(31)}`,
  `02${'00'.repeat(31)}`,
  `eb${ones}7f`,
  // Low order.
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${ones}7f`,
  // p and above, and with the bit that X25519 ignores.
  `ed${ones}7f`,
  `ee${ones}7f`,
  `f6${ones}7f`,
  `ff${ones}7f`,
  `09${'00'.repeat(30)}80`,
  `eb${ones}ff`,
  // Another length.
  '',
  `09${'00'.repeat(30)}`,
  `09${'00'.repeat(32)}`,
]

async function sharing(
  random: Random,
  { threshold, holders, at, length }: { threshold: number; holders: number; at: number[]; length: number },
): Promise<Parts['sharing'][number]> {
  const secret = random.bytes(length)
  const coefficients = Array.from({ length: threshold - 1 }, () => hex(random.bytes(length)))
  const shares = await statedSplitter(() => coefficients)(secret, threshold, holders)
  return {
    field: holders < 256 ? 'GF(2^8)' : 'GF(2^16)',
    threshold,
    holders,
    secret: hex(secret),
    coefficients,
    shares: at.map((coordinate) => ({ coordinate, share: hex(shares[coordinate - 1]!) })),
  }
}

/** Every k, in segments that leave gaps of many sizes in the stream. */
async function masks(random: Random, suite: 'aes' | 'chacha'): Promise<Parts['masks'][number]> {
  const segments = Array.from({ length: 64 }, (_, index) => ({ length: 1 + (index % 17), bits: 64 - index }))
  const { [suite]: symmetric } = nobleCrypto().suites
  const seed = random.bytes(symmetric!.keyLength)
  const mask = await expandMask(symmetric!, seed, segments)
  return { suite, seed: hex(seed), segments, mask: hex(packVector(mask, segments)) }
}

function packing(random: Random, bits: number): Parts['packing'][number] {
  const segments = [
    { length: 3, bits },
    { length: 2, bits: 5 },
  ]
  const vector = inputFor({ segments: segments.map((each) => ({ ...each, bound: 'modular' })) }, random)
  return { segments, elements: elementsOf(vector), packed: hex(packVector(vector, segments)) }
}
