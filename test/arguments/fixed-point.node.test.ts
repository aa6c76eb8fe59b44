import * as fixedPoint from 'secagg/fixed-point'
import { type Examples, optional, optionalBut } from './examples.js'
import { testArguments } from './surface.js'

const made = fixedPoint.createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 10, maximumWeight: 4 })
// Values that follow from these two may be left out.
const encoding = optionalBut(['clip', 'clients'], made)
const task = fixedPoint.createWeightedMean(3, made)
const values = [0.5, -0.25, 2]
const randomBytes = (length: number): Uint8Array => new Uint8Array(length).fill(3)
const options = { randomBytes: optional(randomBytes), onClip: optional('report') }
const { input } = fixedPoint.encodeWeighted(values, 2, task)
const { lanes } = fixedPoint.encodeValues(values, made)

const examples: Examples = {
  createFixedPoint: () => ({
    args: [
      {
        clip: 1,
        bitsPerValue: optional(8),
        clients: 10,
        maximumWeight: optional(4),
        rounding: optional('nearest'),
        bits: optional(20),
      },
    ],
  }),
  encodingContext: () => ({ args: [encoding] }),
  encodeValues: () => ({
    args: [values, encoding, optional({ ...options, weight: optional(2), into: optional(lanes.slice()) })],
  }),
  decodeMean: () => ({ args: [lanes, encoding, 1, optional({ into: optional(new Float64Array(3)) })] }),
  createWeightedMean: () => ({ args: [3, encoding] }),
  encodeWeighted: () => ({
    args: [
      values,
      2,
      { ...task, encoding, segments: optional(task.segments) },
      optional({ ...options, into: optional(input.map((part) => part.slice())) }),
    ],
  }),
  streamWeighted: () => ({
    args: [
      values,
      2,
      { ...task, encoding, segments: optional(task.segments) },
      optional({ ...options, roundingSeed: optional(new Uint8Array(32)) }),
    ],
  }),
  'streamWeighted().input': () => ({
    on: fixedPoint.streamWeighted(values, 2, task),
    args: [{ from: 0, to: 4 }],
  }),
  decodeWeighted: () => ({
    args: [
      input,
      1,
      { ...task, encoding, segments: optional(task.segments) },
      optional({ into: optional(new Float64Array(3)) }),
    ],
  }),
}

testArguments(fixedPoint, examples)
