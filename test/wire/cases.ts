import { SecAggError } from 'secagg'
import { packVector, unpackVector } from 'secagg/vector'
import type { Coder } from '../../src/codec/codec.js'
import {
  acknowledgementsCoder,
  advertiseKeysCoder,
  complaintCoder,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMaskedInput,
  decodeMaskedSlice,
  decodeMessage,
  encodeMessage,
  forwardedSharesCoder,
  livingOwnersCoder,
  type MessageType,
  type Origin,
  publishedKeysCoder,
  SEALED_SHARES_LENGTH,
  type Seated,
  shareKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { inputFor } from '../support/inputs.js'
import { encodeMaskedInput, encodeMaskedSlice } from '../support/masked-messages.js'
import type { Random } from '../support/seeded.js'

export const ORIGIN: Origin = { fault: 'peer', phase: 'unmasking', culprits: [3] }

/** One kind of message, with the type of its value hidden. */
export interface WireCase {
  readonly title: string
  readonly type: MessageType
  /** The value of an honest message. */
  sample(random: Random): unknown
  write(value: unknown): Uint8Array
  read(bytes: Uint8Array): unknown
}

/** The seats 0 … length − 1. */
export function seats(length: number): number[] {
  return Array.from({ length }, (_, seat) => seat)
}

/** Two seats if there are three, about sixteen if there are many. */
function some<T>(random: Random, universe: readonly number[], value: (seat: number) => T): Seated<T>[] {
  const few = Math.ceil(universe.length / 16)
  const chosen = universe.filter(() => (few > 4 ? random.below(few) === 0 : random.below(3) > 0))
  return chosen.map((seat) => ({ seat, value: value(seat) }))
}

function wireCase<T>(
  title: string,
  type: MessageType,
  coder: Coder<T>,
  sample: (random: Random) => T,
): WireCase {
  return {
    title,
    type,
    sample,
    write: (value) => encodeMessage(type, coder, value as T),
    read: (bytes) => decodeMessage(type, coder, bytes, ORIGIN),
  }
}

const keysOf = (random: Random, signatureLength: number) => ({
  cipherKey: random.bytes(32),
  maskKey: random.bytes(32),
  signature: random.bytes(signatureLength),
})

/** The messages of a round with this number of clients, on both graphs. */
export function casesFor(clients: number, signatureLength: number): WireCase[] {
  const universe = seats(clients)
  const owners = universe.filter((seat) => seat % 5 !== 1)
  const survivors = owners.filter((seat) => seat % 3 !== 2)
  const of = `${clients} seats, signatures of ${signatureLength} bytes`
  return [
    wireCase(`advertiseKeys, ${of}`, 'advertiseKeys', advertiseKeysCoder(signatureLength), (random) => ({
      configurationHash: random.bytes(32),
      ...keysOf(random, signatureLength),
    })),
    wireCase(
      `advertiseKeys with a choice, ${of}`,
      'advertiseKeys',
      advertiseKeysCoder(signatureLength, 16),
      (random) => {
        const { signature, ...keys } = keysOf(random, signatureLength)
        return { configurationHash: random.bytes(32), ...keys, choice: random.bytes(16), signature }
      },
    ),
    wireCase(
      `publishedKeys, ${of}`,
      'publishedKeys',
      publishedKeysCoder(universe, signatureLength),
      (random) => some(random, universe, () => keysOf(random, signatureLength)),
    ),
    wireCase(
      `publishedKeys to one that knows no seats, ${of}`,
      'publishedKeys',
      publishedKeysCoder(clients, signatureLength),
      (random) => some(random, universe, () => keysOf(random, signatureLength)),
    ),
    wireCase(`shareKeys, ${of}`, 'shareKeys', shareKeysCoder(clients - 1), (random) => ({
      commitment: random.bytes(32),
      ciphertexts: random.bytes((clients - 1) * SEALED_SHARES_LENGTH),
    })),
    wireCase(`forwardedShares, ${of}`, 'forwardedShares', forwardedSharesCoder(owners), (random) =>
      some(random, owners, () => random.bytes(SEALED_SHARES_LENGTH)),
    ),
    wireCase(`survivors, ${of}`, 'survivors', survivorsCoder(universe), (random) =>
      universe.filter(() => random.below(2) === 1),
    ),
    wireCase(
      `consistencyCheck, ${of}`,
      'consistencyCheck',
      consistencyCheckCoder(signatureLength),
      (random) => random.bytes(signatureLength),
    ),
    wireCase(
      `consistencySignatures, ${of}`,
      'consistencySignatures',
      consistencySignaturesCoder(universe, signatureLength),
      (random) => some(random, universe, () => random.bytes(signatureLength)),
    ),
    wireCase(
      `livingOwners, ${of}`,
      'livingOwners',
      livingOwnersCoder(owners, clients - 1, signatureLength),
      (random) =>
        some(random, owners, () => ({
          holders: random.bytes(Math.ceil((clients - 1) / 8)),
          signature: random.bytes(signatureLength),
        })),
    ),
    wireCase(`acknowledgements, ${of}`, 'acknowledgements', acknowledgementsCoder(survivors), (random) =>
      some(random, survivors, () => random.bytes(16)),
    ),
    wireCase(
      `collectedAcknowledgements, ${of}`,
      'collectedAcknowledgements',
      acknowledgementsCoder(owners),
      (random) => some(random, owners, () => random.bytes(16)),
    ),
    wireCase(`complaint, ${of}`, 'complaint', complaintCoder(universe), (random) =>
      universe.filter(() => random.below(2) === 1),
    ),
    wireCase(`unmasking, ${of}`, 'unmasking', unmaskingCoder(owners, new Set(survivors)), (random) =>
      some(random, owners, (seat) => random.bytes(survivors.includes(seat) ? 16 : 32)),
    ),
  ]
}

const SEGMENTS = [
  { length: 3, bits: 5, bound: 'modular' },
  { length: 2, bits: 33, bound: 'modular' },
  { length: 4, bits: 16, bound: 'modular' },
] as const

export const maskedInput: WireCase = {
  title: 'maskedInput',
  type: 'maskedInput',
  sample: (random) => inputFor({ segments: SEGMENTS }, random),
  write: (value) => encodeMaskedInput(packVector(value as ReturnType<typeof unpackVector>, SEGMENTS)),
  read: (bytes) => unpackVector(decodeMaskedInput(bytes, ORIGIN), SEGMENTS),
}

export const maskedSlice: WireCase = {
  title: 'maskedSlice',
  type: 'maskedSlice',
  sample: (random) => ({ slice: random.below(300), packed: random.bytes(20) }),
  write: (value) => {
    const { slice, packed } = value as ReturnType<typeof decodeMaskedSlice>
    return encodeMaskedSlice(slice, packed)
  },
  read: (bytes) => {
    const { slice, packed } = decodeMaskedSlice(bytes, 300, ORIGIN)
    if (packed.length !== 20) throw malformed('a slice of another length')
    return { slice, packed: Uint8Array.from(packed) }
  },
}

/** The error for a packed vector of the wrong length, which in a round comes from the vector core. */
function malformed(message: string): SecAggError {
  return new SecAggError('malformed-message', ORIGIN.fault, message, ORIGIN)
}

/** Every message, with bitmaps that are padded and with one that uses every bit. */
export const CASES: readonly WireCase[] = [
  ...casesFor(8, 0),
  ...casesFor(11, 64),
  ...casesFor(2, 1),
  maskedInput,
  maskedSlice,
]
