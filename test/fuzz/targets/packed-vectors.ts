import { equalBytes } from '../../../src/crypto/bytes.js'
import {
  createAccumulator,
  type ElementRange,
  elementCount,
  packedLength,
  packVector,
  type Segment,
  segmentsInRange,
  unpackVector,
  type Vector,
} from '../../../src/vector/index.js'
import { checkPacked } from '../../../src/vector/packing.js'
import { sliceCount, sliceRange } from '../../../src/vector/segments.js'
import { sliceValues, valuesFor, valuesOf, vectorOf } from '../../vector/support.js'
import { Choices } from '../choices.js'
import { withinMemory } from '../memory.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

/** Packed vectors: segments, a range, then bytes that are read as the whole vector, and added to a sum as its part. */
export const packedVectors: FuzzTarget = {
  name: 'packed vectors',
  sync: true,
  weight: 2,
  maximumLength: 1024,
  *seeds() {
    for (const bits of [1, 5, 8, 13, 16, 24, 32, 33, 63, 64]) {
      const one = [0, bits - 1, 34, 0]
      const slice = [3, bits - 1, 40, 31, 60, bits - 1, 3, 63, 90, 2, 8, 1]
      for (const head of [one, slice]) {
        const { segments, range } = shapeOf(new Choices(Uint8Array.from(head)))
        const part = range === undefined ? segments : segmentsInRange(segments, range)
        yield Uint8Array.of(...head, ...packVector(vectorOf(valuesFor(part, bits), part), part))
      }
    }
  },
  run: (data) => {
    const choices = new Choices(data)
    const { segments, range } = shapeOf(choices)
    const bytes = choices.rest()
    const size = bytes.length + packedLength(segments) * 8
    const whole = withinMemory(size, () => outcomeOf(() => unpackVector(bytes, segments)))
    const checked = outcomeOf(() => checkPacked(bytes, segments))
    ensure('value' in whole === 'value' in checked, 'what is checked is read, and nothing else')
    if ('value' in whole) {
      ensure(equalBytes(packVector(whole.value, segments), bytes), 'a vector has two packed forms')
    } else {
      ensure(whole.error.fault === 'peer', 'malformed bytes are their sender’s fault')
    }
    addsExactly(segments, range, bytes)
  },
}

/** Twice the bytes, as the part in `range`: either both are in the sum, to the element, or nothing is. */
function addsExactly(segments: readonly Segment[], range: ElementRange | undefined, bytes: Uint8Array): void {
  const sum = createAccumulator(segments)
  const outcomes = [0, 1].map(() => outcomeOf(() => sum.add(bytes, range)))
  const total = valuesOf(sum.toVector())
  ensure(outcomes.every((outcome) => 'value' in outcome) || isZero(total), 'a refused part is in the sum')
  if (outcomes.some((outcome) => 'error' in outcome)) return
  const covered = range ?? { from: 0, to: elementCount(segments) }
  const part: Vector = unpackVector(bytes, segmentsInRange(segments, covered))
  const inRange = sliceValues(total, covered)
  valuesOf(part).forEach((values, index) => {
    const { bits } = segments[index]!
    const doubled = values.map((value) => BigInt.asUintN(bits, value * 2n))
    ensure(`${inRange[index]!}` === `${doubled}`, 'a sum of packed vectors is wrong')
  })
  const elsewhere = [
    ...sliceValues(total, { from: 0, to: covered.from }),
    ...sliceValues(total, { from: covered.to, to: elementCount(segments) }),
  ]
  ensure(isZero(elsewhere), 'a part is in the sum beyond its range')
}

function isZero(values: readonly (readonly bigint[])[]): boolean {
  return values.every((lanes) => lanes.every((value) => value === 0n))
}

/** One to four segments; all of their elements, any range, or a slice. */
function shapeOf(choices: Choices): { segments: Segment[]; range: ElementRange | undefined } {
  const segments = Array.from({ length: 1 + choices.below(4) }, () => ({
    bits: 1 + choices.below(64),
    length: choices.byte() >>> 1,
  }))
  switch (choices.below(3)) {
    case 0:
      return { segments, range: undefined }
    case 1:
      return { segments, range: { from: choices.byte(), to: choices.byte() } }
    default: {
      const sliceLength = 8 + choices.byte()
      const slices = sliceCount(segments, sliceLength)
      return { segments, range: sliceRange(segments, sliceLength, choices.below(slices)) }
    }
  }
}
