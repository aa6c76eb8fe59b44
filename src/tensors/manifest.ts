import * as P from 'micro-packed'
import { partsOf, reading } from '../arguments.js'
import { ascii, type Bytes, codeUnits, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import {
  byName,
  checkedShape,
  type Named,
  shapeOf,
  sizeOf,
  type TensorDescription,
  type TensorLike,
} from './tensor.js'

/**
 * Where a tensor stands in the flat array: from `offset` on, in row-major order.
 * @public
 */
export interface TensorEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
}

/**
 * Which tensors a flat array holds: one after the other, ordered by the UTF-16 code units of their names. Plain data.
 * @public
 */
export interface TensorManifest {
  readonly tensors: readonly TensorEntry[]
  /** Elements in all. */
  readonly length: number
}

/**
 * The manifest of tensors with these names and shapes.
 * @throws {SecAggError} `invalid-argument` where a shape is none, a name comes twice, or there are more than 2^36
 *   elements.
 * @public
 */
export function createManifest(shapes: Named<readonly number[]>): TensorManifest {
  let length = 0
  const tensors = [...byName(shapes)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, given]) => {
      const entry = Object.freeze({ name, shape: checkedShape(name, given), offset: length })
      length += sizeOf(entry.shape)
      if (length > 2 ** 36) {
        throw usageError('invalid-argument', 'the tensors have more than 2^36 elements', { got: length })
      }
      return entry
    })
  return Object.freeze({ tensors: Object.freeze(tensors), length })
}

/**
 * The manifest of these tensors, of which a description is enough.
 * @throws {SecAggError} `invalid-argument` where one is no tensor of real numbers, a name comes twice, or there are more
 *   than 2^36 elements.
 * @public
 */
export function manifestOf(tensors: Named<TensorLike | TensorDescription>): TensorManifest {
  return createManifest(new Map([...byName(tensors)].map(([name, tensor]) => [name, shapeOf(name, tensor)])))
}

/**
 * The manifest, made anew, so that it is one even where it came as JSON from somebody else.
 * @throws {SecAggError} `invalid-argument` where order, offsets or length are not those of a manifest.
 */
export function checkedManifest(given: TensorManifest): TensorManifest {
  const { tensors: list, length } = partsOf('a manifest', given)
  if (!Array.isArray(list)) throw usageError('invalid-argument', 'a manifest lists tensors')
  const tensors = reading('a manifest', () =>
    Array.from(list as readonly TensorEntry[], (entry) => {
      const { name, shape, offset }: Partial<TensorEntry> = entry ?? {}
      return { name, shape, offset }
    }),
  )
  const pairs = tensors.map(({ name, shape }) => [name, shape] as [string, readonly number[]])
  const manifest = createManifest(pairs)
  const isSame = manifest.tensors.every(({ name, offset }, index) => {
    const entry = tensors[index]!
    return entry.name === name && entry.offset === offset
  })
  if (!isSame || manifest.length !== length) {
    throw usageError('invalid-argument', 'a manifest has its tensors by name, one right after the other', {
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
 * A manifest as canonical bytes, for the round's `context`. Each client computes them from the model that it received;
 * clients that were given models of different layouts then form no sum.
 *
 * @throws {SecAggError} `invalid-argument` where it is no manifest.
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
