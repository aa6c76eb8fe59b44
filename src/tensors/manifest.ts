import { partsOf, reading } from '../arguments.js'
import * as P from '../codec/codec.js'
import { ascii, type Bytes, codeUnits, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import {
  byName,
  checkedShape,
  describe,
  type Named,
  quoted,
  sizeOf,
  type TensorDescription,
  type TensorLike,
} from './tensor.js'
import { isTensorType, notReal, type TensorType } from './types.js'

/**
 * One tensor of a manifest. Its elements are in row-major order.
 * @public
 */
export interface TensorEntry {
  readonly name: string
  readonly shape: readonly number[]
  /** The index of its first element in the flat array. */
  readonly offset: number
  /** The type in which a mean of this tensor is returned. Absent for `float32`. */
  readonly dtype?: TensorType
}

/**
 * The layout of a flat array of tensors. They are ordered by the UTF-16 code units of their names and follow one another
 * without gaps. A manifest is plain data, which can be sent as JSON.
 * @public
 */
export interface TensorManifest {
  readonly tensors: readonly TensorEntry[]
  /** The total number of elements. */
  readonly length: number
}

/**
 * A shape, or a shape and a type.
 * @public
 */
export type DescribedShape =
  | readonly number[]
  | { readonly shape: readonly number[]; readonly dtype?: TensorType | undefined }

/**
 * The manifest of tensors with these names and shapes.
 *
 * @param shapes - The shape of each tensor, by name; or `{ shape, dtype }` for a tensor that is not in single precision.
 * @returns The manifest, frozen.
 * @throws {SecAggError} `invalid-argument` if a name, shape or type is not valid, two tensors have the same name, or there are
 *   more than 2^36 elements in total.
 * @example
 * ```ts
 * import { createManifest } from 'secagg/tensors'
 *
 * const { tensors, length } = createManifest({ weights: [20, 10], bias: [10] })
 * console.log(tensors.map(({ name, offset }) => `${name} from ${offset}`)) // [ 'bias from 0', 'weights from 10' ]
 * console.log(length) // 210
 * ```
 * @public
 */
export function createManifest(shapes: Named<DescribedShape>): TensorManifest {
  let length = 0
  const tensors = [...byName(shapes)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, given]) => {
      const { shape, dtype } = described(name, given)
      const entry = Object.freeze({ name, shape: checkedShape(name, shape), offset: length, ...dtype })
      length += sizeOf(entry.shape)
      if (length > 2 ** 36) {
        throw usageError('invalid-argument', 'the tensors must have at most 2^36 elements in total', {
          got: length,
        })
      }
      return entry
    })
  return Object.freeze({ tensors: Object.freeze(tensors), length })
}

/** Reads a shape, and a type as the part of an entry. */
function described(name: string, given: DescribedShape): { shape: unknown; dtype?: { dtype: TensorType } } {
  if (Array.isArray(given) || typeof given !== 'object' || given === null) return { shape: given }
  const { shape, dtype } = reading(`tensor ${quoted(name)}`, () => {
    const { shape, dtype } = given as { shape?: unknown; dtype?: unknown }
    return { shape, dtype }
  })
  if (dtype === undefined || dtype === 'float32') return { shape }
  if (isTensorType(dtype)) return { shape, dtype: { dtype } }
  const shown = typeof dtype === 'string' ? dtype.slice(0, 40) : typeof dtype
  throw notReal(quoted(name), `has type ${shown}`, shown)
}

/**
 * The manifest of these tensors. Only their shapes and types are used, so descriptions without data are enough.
 *
 * @param tensors - Tensors or descriptions of tensors, by name.
 * @returns The manifest, frozen.
 * @throws {SecAggError} `invalid-argument` if one is not a tensor of real numbers, two have the same name, or there are more
 *   than 2^36 elements in total.
 * @example
 * ```ts
 * import { manifestOf } from 'secagg/tensors'
 *
 * const manifest = manifestOf([
 *   ['weights', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
 *   ['bias', { shape: [2], dtype: 'float32' }],
 * ])
 * console.log(manifest.length) // 6
 * ```
 * @public
 */
export function manifestOf(tensors: Named<TensorLike | TensorDescription>): TensorManifest {
  const described = [...byName(tensors)].map(([name, tensor]) => {
    const { shape, type } = describe(name, tensor)
    return [name, { shape, dtype: type }] as const
  })
  return createManifest(described)
}

/**
 * The manifest, computed again from its names and shapes. So the result is valid even if `given` came from a peer as JSON.
 * @throws {SecAggError} `invalid-argument` if the order, offsets or length of `given` do not follow from names and shapes.
 */
export function checkedManifest(given: TensorManifest): TensorManifest {
  const { tensors: list, length } = partsOf('a manifest', given)
  if (!Array.isArray(list)) throw usageError('invalid-argument', 'a manifest must have a list of tensors')
  const tensors = reading('a manifest', () =>
    Array.from(list as readonly TensorEntry[], (entry) => {
      const { name, shape, offset, dtype }: Partial<TensorEntry> = entry ?? {}
      return { name, shape, offset, dtype }
    }),
  )
  const manifest = createManifest(tensors.map((entry) => [entry.name!, entry as DescribedShape] as const))
  const isSame = manifest.tensors.every(({ name, offset }, index) => {
    const entry = tensors[index]!
    return entry.name === name && entry.offset === offset
  })
  if (!isSame || manifest.length !== length) {
    throw usageError('invalid-argument', 'the tensors of a manifest must be ordered by name, without gaps', {
      expected: manifest.length,
      got: length,
    })
  }
  return manifest
}

const LABEL = 'secagg tensor manifest'
const VERSION = 1

const encoding = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  tensors: P.array(P.U32LE, P.struct({ name: P.bytes(P.U32LE), shape: P.array(P.U8, P.U64LE) })),
})

/**
 * A manifest as canonical bytes, for the round's `context`. Each client computes them from the model that it received. If
 * clients have models with different layouts, their inputs are then not summed. The types of tensors do not change what is
 * summed and are not in the bytes.
 *
 * @param manifest - The manifest.
 * @returns Bytes that are equal for two manifests only if the names and shapes are equal.
 * @throws {SecAggError} `invalid-argument` if `manifest` is not a valid manifest.
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 * import { createManifest, manifestBytes } from 'secagg/tensors'
 *
 * const manifest = createManifest({ weights: [20, 10], bias: [10] })
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: manifest.length, bits: 20, bound: 1000 }],
 *   context: { manifest: manifestBytes(manifest) },
 * })
 * console.log(config.segments[0]?.length) // 210
 * ```
 * @public
 */
export function manifestBytes(manifest: TensorManifest): Bytes {
  const { tensors } = checkedManifest(manifest)
  return plainBytes(
    encoding.encode({
      label: ascii(LABEL),
      version: VERSION,
      tensors: tensors.map(({ name, shape }) => ({ name: codeUnits(name), shape: shape.map(BigInt) })),
    }),
  )
}
