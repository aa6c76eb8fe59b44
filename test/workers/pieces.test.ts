import fc from 'fast-check'
import {
  type ElementRange,
  elementCount,
  executeMaskPlan,
  type Segment,
  type Vector,
  vectorInRange,
} from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { copyInto, type Piece, piecesOf, placePiece } from '../../src/workers/worker-messages.js'
import { segmentsArbitrary } from '../vector/support.js'
import { chacha, filled, MIXED, planOf } from './support.js'

const plan = planOf(3, chacha)

function execute({ target, segments, range }: Piece): Promise<void> {
  return executeMaskPlan(target, segments, plan, chacha, { range })
}

/** Executes pieces on copies in one memory, which is reused. */
function executeOnCopies(memory: ArrayBuffer): (piece: Piece) => Promise<void> {
  return async (piece) => {
    const copy = placePiece(piece, memory)
    copyInto(copy.target, piece.target)
    await execute(copy)
    copyInto(piece.target, copy.target)
  }
}

/** Makes a range of the segments from two arbitrary numbers. */
function rangeOf(segments: readonly Segment[], a: number, b: number): ElementRange {
  const [from, to] = [a, b].map((bound) => bound % (elementCount(segments) + 1)).sort((x, y) => x - y)
  return { from: from!, to: to! }
}

function addressesOf(target: Vector): string[] {
  return target.flatMap(({ byteOffset, byteLength, BYTES_PER_ELEMENT }) =>
    Array.from(
      { length: byteLength / BYTES_PER_ELEMENT },
      (_, at) => `${byteOffset + at * BYTES_PER_ELEMENT}`,
    ),
  )
}

describe('pieces', () => {
  test('executed one by one, in any order, in place or on copies, give the same result as the whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        segmentsArbitrary,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (segments, a, b, blocks, inPlace) => {
          const range = rangeOf(segments, a, b)
          const whole = filled(segments, range)
          await executeMaskPlan(whole, segments, plan, chacha, { range })

          const target = filled(segments, range)
          const pieces = [...piecesOf(target, segments, range, 64 * blocks)]
          const run = inPlace ? execute : executeOnCopies(new ArrayBuffer(64 * blocks))
          for (const piece of pieces.reverse()) await run(piece)
          expect(target).toEqual(whole)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('of one target do not overlap, and all but the last have the maximum size', () => {
    const segments = [
      { length: 100, bits: 8 },
      { length: 0, bits: 64 },
      { length: 333, bits: 30 },
    ]
    const memory = new ArrayBuffer(8 * 200)
    const target = [new Uint8Array(memory, 0, 100), new BigUint64Array(0), new Uint32Array(memory, 100, 333)]
    const pieces = [...piecesOf(target, segments, { from: 0, to: 433 }, 256)]
    expect(pieces.map(({ bytes }) => bytes)).toEqual([256, 256, 256, 256, 256, 192])
    const addresses = pieces.flatMap((piece) => addressesOf(piece.target))
    expect(addresses.length).toBe(433)
    expect(new Set(addresses).size).toBe(433)
  })

  test('of an empty range do not exist', () => {
    expect([...piecesOf([], [], { from: 0, to: 0 }, 64)]).toEqual([])
    const target = vectorInRange(filled(MIXED), MIXED, { from: 7, to: 7 })
    expect([...piecesOf(target, MIXED, { from: 7, to: 7 }, 64)]).toEqual([])
  })

  test('contain the segments that they touch, and one more for everything before', () => {
    const segments = Array.from({ length: 1000 }, () => ({ length: 64, bits: 8 }))
    const target = filled(segments, { from: 640, to: 64_000 })
    const pieces = [...piecesOf(target, segments, { from: 640, to: 64_000 }, 256)]
    expect(pieces.length).toBe(248)
    expect(pieces[1]!.segments).toEqual([{ length: 896, bits: 8 }, ...segments.slice(0, 4)])
    expect(pieces[1]!.range).toEqual({ from: 896, to: 1152 })
  })
})
