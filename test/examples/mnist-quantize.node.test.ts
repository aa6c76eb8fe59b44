import { createRoundConfig } from 'secagg'
import { expect, test } from 'vitest'
import {
  applyMean,
  chooseQuantization,
  fromSum,
  quantize,
  segmentsOf,
  toInput,
} from '../../docs/examples/mnist/quantize.js'

const clients = 50
const quantization = chooseQuantization(clients, 2000, 0.5)

test('the sum of the largest updates and weights fits its lanes, and no finer steps do', () => {
  const sessionId = new Uint8Array(32)
  const adversary = 'active'
  const segmentsWith = (steps: number): ReturnType<typeof segmentsOf> =>
    segmentsOf({ ...quantization, steps }, 3)
  const configure = (steps: number): unknown =>
    createRoundConfig({ sessionId, clients, adversary, segments: segmentsWith(steps) })
  expect(() => configure(quantization.steps)).not.toThrow()
  expect(() => configure(quantization.steps + 1)).toThrow('overflows 32 bits')
  expect(() => chooseQuantization(2 ** 16, 2 ** 16, 1)).toThrow('do not fit')

  const largest = toInput(quantize(Float32Array.of(9, -9, 0), quantization), 2000, quantization)
  const sum = largest.map((lanes) => Uint32Array.from(lanes as Uint32Array, (lane) => lane * clients))
  const { steps } = quantization
  const extreme = steps * 2000 * clients
  expect(fromSum(sum, quantization)).toEqual({
    weighted: Float64Array.of(extreme, -extreme, 0),
    weight: 2000 * clients,
    clipped: 2 * clients,
  })
})

test('values are clipped and counted, rounded to the nearest step, and refused where they are not finite', () => {
  const { clip, steps } = quantization
  const { levels, clipped } = quantize(
    Float32Array.of(0.5, 0.51, -7, (2.4 * clip) / steps, -0.25),
    quantization,
  )
  expect([...levels]).toEqual([steps, steps, -steps, 2, -steps / 2])
  expect(clipped).toBe(2)
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => quantize(Float32Array.of(0, value), quantization)).toThrow('parameter 1')
  }
})

test('the mean counts every client by its examples', () => {
  const one = toInput(quantize(Float32Array.of(0.25), quantization), 300, quantization)
  const other = toInput(quantize(Float32Array.of(-0.25), quantization), 100, quantization)
  const sum = one.map((lanes, index) => Uint32Array.of(Number(lanes[0]) + Number(other[index]![0])))
  const [moved] = applyMean(Float32Array.of(1), fromSum(sum, quantization), quantization)
  expect(moved).toBeCloseTo(1 + 0.25 / 2, 4)
})
