import type { NoisySum } from '../rdp.js'
import { onGrid, repeatedEpsilon, sampledEpsilon } from './composition.js'
import { cutOff, type LossPair, shiftedPair } from './loss-pair.js'
import { noiseLaw } from './noise-law.js'
import { MARGIN } from './normal.js'

/** The grid steps in the standard deviation of the loss of the shape that loses least. */
const STEPS = 32

/** The most elements of an enumerated vector that change. */
const MAXIMUM_ELEMENTS = 64

/** The longest table of a product of elements. */
const MAXIMUM_TABLE = 2 ** 14

/**
 * ε of releases of a sum of whole numbers, by the privacy loss distribution of the worst vector; infinite where
 * {@link roundPair} has none.
 */
export function distributionBound(
  sum: NoisySum,
  releases: { readonly delta: number; readonly rounds: number; readonly samplingRate: number | undefined },
): number {
  const { delta, rounds, samplingRate = 1 } = releases
  const elements = Math.min(sum.dimension, MAXIMUM_ELEMENTS)
  const pair = roundPair(sum, cutOff(delta, rounds * elements))
  if (pair === undefined) return Number.POSITIVE_INFINITY
  return samplingRate === 1
    ? repeatedEpsilon(pair, rounds, delta)
    : sampledEpsilon(pair, samplingRate, rounds, delta)
}

/**
 * A pair that dominates one release of the sum, exactly where one vector is the worst case: a scalar, a count, a histogram.
 * `undefined` where the noise is so large that the Gaussian bound is as good, or where there are too many vectors that could
 * be the worst case.
 *
 * @param tail - The probability that may be cut off, per element.
 */
export function roundPair(sum: NoisySum, tail: number): LossPair | undefined {
  const shifts = maximalShifts(sum)
  if (shifts === undefined) return undefined
  const largest = Math.max(...shifts.flat(), 0)
  const law = noiseLaw(sum, tail)
  if (law === undefined || largest > law.reach) return undefined
  if (largest === 0) return { losses: Float64Array.of(0), masses: Float64Array.of(1), infinite: 0 }
  const known = new Map<number, LossPair>()
  const pairOf = (shift: number): LossPair => {
    const pair = known.get(shift) ?? shiftedPair(law, shift)
    known.set(shift, pair)
    return pair
  }
  // Every outcome may have an infinite loss.
  if (shifts.flat().some((shift) => pairOf(shift).losses.length === 0)) return undefined
  const [only] = shifts
  if (shifts.length === 1 && only!.length === 1) return pairOf(only![0]!)
  const step = deviationOf(pairOf(Math.min(...shifts.flat()))) / STEPS
  const products: LossPair[] = []
  for (const shift of shifts) {
    const product = productOf(shift, pairOf, step, tail)
    if (product === undefined) return undefined
    products.push(product)
  }
  return products.length === 1 ? products[0]! : joined(products, step)
}

function deviationOf({ losses, masses }: LossPair): number {
  let [total, first, second] = [0, 0, 0]
  losses.forEach((loss, i) => {
    total += masses[i]!
    first += masses[i]! * loss
    second += masses[i]! * loss * loss
  })
  return Math.sqrt(Math.max(second / total - (first / total) ** 2, 1e-12))
}

/** The elements have independent noise, so their losses add up. Equal elements are doubled. */
function productOf(
  shift: Shift,
  pairOf: (shift: number) => LossPair,
  step: number,
  tail: number,
): LossPair | undefined {
  let product: LossPair | undefined
  for (const k of new Set(shift)) {
    let power = onGrid(pairOf(k), step)
    for (let times = shift.filter((each) => each === k).length; times > 0; times = Math.floor(times / 2)) {
      if (power.losses.length > MAXIMUM_TABLE) return undefined
      if (times % 2 === 1) product = product === undefined ? power : convolution(product, power, step, tail)
      if (times > 1) power = convolution(power, power, step, tail)
    }
  }
  return product
}

/** By direct summation: all terms are positive, so the relative precision is kept in the tails. */
function convolution(a: LossPair, b: LossPair, step: number, tail: number): LossPair {
  const masses = new Float64Array(a.losses.length + b.losses.length - 1)
  for (let i = 0; i < a.masses.length; i++) {
    const mass = a.masses[i]!
    for (let j = 0; j < b.masses.length; j++) masses[i + j]! += mass * b.masses[j]!
  }
  const first = Math.round(a.losses[0]! / step) + Math.round(b.losses[0]! / step)
  let infinite = a.infinite + b.infinite
  let end = masses.length
  for (let cut = 0; end > 1 && cut + masses[end - 1]! <= tail; end--) {
    cut += masses[end - 1]!
    infinite += masses[end - 1]!
  }
  let start = 0
  for (let cut = 0; start < end - 1 && cut + masses[start]! <= tail; start++) {
    cut += masses[start]!
    masses[start + 1]! += masses[start]!
  }
  const losses = Float64Array.from({ length: end - start }, (_, i) => (first + start + i) * step)
  return { losses, masses: masses.slice(start, end), infinite }
}

/**
 * A pair on the grid whose δ is at least the largest δ of the given pairs, at every ε. Whatever vector a client has in a
 * round, even one chosen with knowledge of earlier results, this pair dominates it.
 *
 * δ as a function of e^ε is convex, and linear between the steps of the grid. The largest of such functions is again one, once
 * it is made linear between the steps; a pair is read off its slopes (Doroshenko et al. 2022, section 3).
 */
function joined(pairs: readonly LossPair[], step: number): LossPair {
  const first = Math.min(...pairs.map(({ losses }) => Math.round(losses[0]! / step)))
  const last = Math.max(...pairs.map(({ losses }) => Math.round(losses.at(-1)! / step)))
  const size = last - first + 1
  const growth = Math.expm1(step)
  const deltas = new Float64Array(size)
  for (const pair of pairs) {
    const offset = Math.round(pair.losses[0]! / step) - first
    let [delta, slope] = [0, 0]
    for (let i = size - 1; i >= 0; i--) {
      // δ falls, from step i to the next, by e^step − 1 times the sum of mass · e^{loss of step i − loss} above step i.
      slope = (slope + (pair.masses[i + 1 - offset] ?? 0)) * Math.exp(-step)
      delta += slope * growth
      deltas[i] = Math.max(deltas[i]!, delta)
    }
  }
  const masses = new Float64Array(size)
  let total = 0
  let slope = 0
  for (let i = size - 2; i >= 0; i--) {
    const least = slope * Math.exp(-step)
    const next = Math.max((deltas[i]! - deltas[i + 1]!) / growth, least)
    masses[i + 1] = (next - least) * Math.exp(step) * (1 + MARGIN)
    total += masses[i + 1]!
    slope = next
  }
  masses[0] = Math.max(1 + MARGIN - total, 0)
  const losses = Float64Array.from(masses, (_, i) => (first + i) * step)
  return { losses, masses, infinite: Math.max(...pairs.map(({ infinite }) => infinite)) }
}

/** The changes of one client's elements, as absolute values in descending order; the elements that do not change are left out. */
export type Shift = readonly number[]

/** Above this square of Δ2, vectors have so many shapes that they are not enumerated. */
const MAXIMUM_SQUARE = 64
const MAXIMUM_SHAPES = 12

/**
 * All vectors of whole numbers with these sensitivities that are not below another one, element by element, up to order and
 * signs. `undefined` if there are too many. A larger change of an element is easier to detect because the noise is
 * log-concave, and order and signs do not matter because it is symmetric and the same for each element. So one of these
 * vectors is the worst case of a single round.
 */
export function maximalShifts({
  dimension,
  l1Sensitivity,
  l2Sensitivity,
}: NoisySum): readonly Shift[] | undefined {
  // Encoders tolerate a relative rounding error of 2^−50 in a norm.
  const slack = 1 + 2 ** -47
  const sum = Math.floor(l1Sensitivity * slack)
  const square = Math.floor(l2Sensitivity * l2Sensitivity * slack)
  if (dimension === 1) return [[Math.min(sum, Math.floor(Math.sqrt(square)))]]
  if (square > MAXIMUM_SQUARE) return undefined
  const found: Shift[] = []
  const fits = (largest: number, restSum: number, restSquare: number, prefix: Shift): boolean => {
    for (let k = Math.min(largest, restSum, Math.floor(Math.sqrt(restSquare))); k >= 1; k--) {
      if (prefix.length === dimension) break
      if (!fits(k, restSum - k, restSquare - k * k, [...prefix, k])) return false
    }
    if (isMaximal(prefix, restSum, restSquare, dimension)) found.push(prefix)
    return found.length <= MAXIMUM_SHAPES
  }
  return fits(square, sum, square, []) ? found : undefined
}

/** Whether no element can grow by 1. */
function isMaximal(shift: Shift, restSum: number, restSquare: number, dimension: number): boolean {
  if (restSum < 1) return true
  if (shift.length < dimension && restSquare >= 1) return false
  // The smallest element grows at the lowest price.
  const smallest = shift.at(-1)
  return smallest === undefined || restSquare < 2 * smallest + 1
}
