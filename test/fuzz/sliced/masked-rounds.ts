import { ClientSession, type Vector } from 'secagg'
import { concatBytes } from '../../../src/crypto/bytes.js'
import { elementCount, packVector, segmentsInRange, unpackVector } from '../../../src/vector/index.js'
import { sliceCount, sliceRange } from '../../../src/vector/segments.js'
import { openEnvelope } from '../../../src/wire/index.js'
import { type SavedCohort, savedCohort } from '../../resume/support.js'
import { type CohortOptions, run } from '../../support/cohort.js'
import { encodeMaskedSlice } from '../../support/masked-messages.js'
import { toySplitter } from '../../support/toy-crypto.js'
import { vectorIn } from '../sessions/vectors.js'

/** A round that has come to the masked input, with all that may be sent in it. It is made once, and resumed for each input. */
export interface MaskedRound {
  readonly cohort: SavedCohort
  readonly maximumUploads: number
  /** The server as it was when the round of the masked input was opened. */
  readonly form: Uint8Array
  /** The slices of each client, by seat. */
  readonly slices: readonly (readonly Uint8Array[])[]
  /** The same with one element of each that is one more: element `seat` of the slice. */
  readonly others: readonly (readonly Uint8Array[])[]
  /** The clients, each having sent its vector. */
  clients(): ClientSession[]
}

const OPTIONS: readonly (CohortOptions & { readonly maximumUploads: number })[] = [
  {
    clients: 4,
    threshold: 3,
    adversary: 'honest-but-curious',
    segments: [
      { length: 70, bits: 5, bound: 'modular' },
      { length: 70, bits: 33, bound: 1000 },
    ],
    sliceLength: 64,
    maximumUploads: 1,
  },
  {
    clients: 5,
    threshold: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 75, bits: 8, bound: 'modular' }],
    sliceLength: 64,
    maximumUploads: 2,
  },
  {
    clients: 4,
    adversary: 'active',
    segments: [{ length: 200, bits: 13, bound: 1000 }],
    sliceLength: 64,
    maximumUploads: 4,
  },
  {
    clients: 6,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 4,
    segments: [{ length: 140, bits: 20, bound: 'modular' }],
    sliceLength: 64,
    maximumUploads: 3,
  },
  {
    clients: 6,
    adversary: 'active',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 4,
    segments: [{ length: 140, bits: 20, bound: 'modular' }],
    sliceLength: 64,
    maximumUploads: 3,
  },
]

/** Rounds in both models and on each graph, with two to four slices. */
export const MASKED_ROUNDS: readonly MaskedRound[] = await Promise.all(OPTIONS.map(maskedRound))

async function maskedRound({ maximumUploads, ...options }: (typeof OPTIONS)[number]): Promise<MaskedRound> {
  const cohort = await savedCohort(options)
  const { config, crypto, inputs, signers, verifyIdentity, clientForms } = cohort
  const { pending } = await run(cohort, { until: 'masked-input' })
  const form = cohort.serverForms.at(-1)!
  const slices: Uint8Array[][] = []
  for (const [seat, session] of cohort.sessions.entries()) {
    slices.push([await session.receive(pending.get(seat)!)])
    for await (const slice of session.slices()) slices[seat]!.push(slice)
  }
  const count = sliceCount(config.segments, config.sliceLength)
  const others = slices.map((own, seat) => own.map((bytes, slice) => oneMore(bytes, slice, seat)))
  if (slices.some((own) => own.length !== count)) throw new Error('a vector has another number of slices')

  function oneMore(bytes: Uint8Array, slice: number, seat: number): Uint8Array {
    const range = sliceRange(config.segments, config.sliceLength, slice)
    const segments = segmentsInRange(config.segments, range)
    const { content } = openEnvelope(bytes)!
    const packed = vectorIn(config, slice, content)
    const proof = content.subarray(0, content.length - packed.length)
    const vector: Vector = unpackVector(packed, segments)
    // A slice has more elements than there are seats, though not in each of its segments.
    const firsts = segments.map((_, index) => elementCount(segments.slice(0, index)))
    const index = segments.findIndex(({ length }, at) => seat >= firsts[at]! && seat < firsts[at]! + length)
    const lanes = vector[index]!
    const at = seat - firsts[index]!
    if (lanes instanceof BigUint64Array) lanes[at]! += 1n
    else lanes[at]! += 1
    return encodeMaskedSlice(slice, concatBytes(proof, packVector(vector, segments)))
  }

  return {
    cohort,
    maximumUploads,
    form,
    slices,
    others,
    clients: () =>
      inputs.map((input, seat) =>
        ClientSession.resume(clientForms.get(seat)!, {
          ...{ config, crypto, input, verifyIdentity, signer: signers[seat] },
          splitSecret: toySplitter(seat),
        }),
      ),
  }
}
