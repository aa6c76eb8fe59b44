import type { Bytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import type { client } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { executeMaskPlan, packVector, segmentsInRange, type Vector } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/slices.js'
import { encodeMaskedInput, encodeMaskedSlice } from '../wire/index.js'
import type { ClientSessionOptions } from './client-options.js'

/** Masks the elements of one slice in place, and gives the message with them: a slice, or the whole vector. */
export async function maskSlice(
  { config, plan }: client.ClientMasked,
  elements: Vector,
  slice: number,
  { signal, onProgress, maskExecutor = executeMaskPlan }: ClientSessionOptions,
  crypto: CryptoProvider,
): Promise<Bytes> {
  const { segments, sliceLength } = config
  const slices = sliceCount(segments, sliceLength)
  const range = sliceRange(segments, sliceLength, slice)
  await maskExecutor(elements, segments, plan, suiteOf(config, crypto), {
    range,
    signal,
    onProgress: onProgress && ((fraction) => onProgress((slice + fraction) / slices)),
  })
  const packed = packVector(elements, segmentsInRange(segments, range))
  return slices === 1 ? encodeMaskedInput(packed) : encodeMaskedSlice(slice, packed)
}
