import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf } from '../../arguments.js'
import { bytesToHex, codeUnits, concatBytes, isBytes } from '../../crypto/bytes.js'
import { invalid, requireWhole, type Sketch } from '../definition.js'
import type { SketchResult } from '../results.js'
import { answeredIn, answeredOf, type Codec, requireString } from './kind.js'

const MAXIMUM_ROWS = 32
const MAXIMUM_COLUMNS = 2 ** 22

/** Rows of cells, each with its own hash function. A string counts in one cell of each row. */
export const sketch: Codec<Sketch> = {
  check: ({ kind, depth, width, seed }, subject) => {
    requireWhole(`depth of ${subject}`, depth, 1, MAXIMUM_ROWS)
    requireWhole(`width of ${subject}`, width, 2, MAXIMUM_COLUMNS)
    const digits = isBytes(seed) ? bytesToHex(seed) : seed
    if (typeof digits !== 'string' || !/^(?:[0-9a-f]{2}){16,64}$/i.test(digits)) {
      throw invalid(`seed of ${subject} must be 16 to 64 bytes, or their hexadecimal digits`, digits)
    }
    return Object.freeze({ kind, depth, width, seed: digits.toLowerCase() })
  },
  cellCount: ({ depth, width }) => depth * width,
  rows: ({ depth }) => depth,
  exactUnits: () => 1,
  placer: (statistic) => {
    const cellsOf = hashing(statistic)
    return (answer, { cells, unitsPerAnswer, subject }) => {
      for (const cell of cellsOf(requireString(answer, subject))) cells[cell]! += unitsPerAnswer
    }
  },
  read: (statistic, reading): SketchResult => {
    const { depth, width } = statistic
    const { cells, unitsPerAnswer, newPresenter, subject } = reading
    const answered = answeredIn(reading, depth)
    const cellsOf = hashing(statistic)
    return {
      estimate: (category) => {
        const counts = cellsOf(requireString(category, subject)).map((cell) => cells[cell]!)
        return newPresenter().cell(Math.min(...counts) / unitsPerAnswer)
      },
      errorBound: (Math.E / width) * Math.max(answered, 0),
      failureProbability: Math.exp(-depth),
      ...answeredOf(reading, answered),
    }
  },
}

/**
 * The smallest sketch for a given error: ⌈e / relativeError⌉ columns and ⌈ln(1 / failureProbability)⌉ rows. An estimate
 * exceeds the true count by more than `relativeError` times the number of answers with probability at most
 * `failureProbability` (Cormode and Muthukrishnan 2005, theorem 1).
 *
 * @param target - Both numbers are above 0 and below 1.
 * @returns Depth and width, for the definition of a `Sketch`.
 * @throws {SecAggError} `invalid-configuration` if a number is out of its range, or if the sketch would have more than 32 rows
 *   or 2^22 columns.
 * @example
 * ```ts
 * import { sketchSize } from 'secagg/statistics'
 *
 * console.log(sketchSize({ relativeError: 0.01, failureProbability: 0.01 })) // { depth: 5, width: 272 }
 * ```
 * @public
 */
export function sketchSize(target: { readonly relativeError: number; readonly failureProbability: number }): {
  depth: number
  width: number
} {
  const parts = partsOf('the target of a sketch', target, 'invalid-configuration')
  const { relativeError, failureProbability } = parts
  for (const [name, value] of Object.entries({ relativeError, failureProbability })) {
    if (typeof value !== 'number' || !(value > 0 && value < 1)) {
      throw invalid(`${name} must be a number above 0 and below 1`, value)
    }
  }
  const depth = Math.ceil(-Math.log(failureProbability))
  const width = Math.ceil(Math.E / relativeError)
  if (width > MAXIMUM_COLUMNS) {
    throw invalid(`relativeError needs ${width} columns, more than ${MAXIMUM_COLUMNS}`, relativeError)
  }
  if (depth > MAXIMUM_ROWS) {
    throw invalid(`failureProbability needs ${depth} rows, more than ${MAXIMUM_ROWS}`, failureProbability)
  }
  return { depth, width }
}

/**
 * Finds the cell of a string in each row: the first 48 bits of HMAC-SHA-256 of the row and the string, with the seed as key,
 * modulo the width.
 */
function hashing({ depth, width, seed }: Sketch): (category: string) => readonly number[] {
  const key = bytesOfHex(seed as string)
  return (category) => {
    const text = codeUnits(category)
    return Array.from({ length: depth }, (_, row) => {
      const digest = hmac(sha256, key, concatBytes(Uint8Array.of(row), text))
      const words = new DataView(digest.buffer, digest.byteOffset)
      return row * width + ((words.getUint16(0) * 2 ** 32 + words.getUint32(2)) % width)
    })
  }
}

function bytesOfHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}
