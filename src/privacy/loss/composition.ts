import { transform, transformError } from './fourier.js'
import { epsilonOfPair, type LossPair, sampledPairs } from './loss-pair.js'

/** A mechanism that is released `times` times. */
export interface Repeated {
  readonly pair: LossPair
  readonly times: number
}

/** The grid steps in the standard deviation of the privacy loss of one release: ε grows by less than 0.1 %. */
const STEPS = 24
/**
 * For so few releases, all steps together are also at most a part of ε: a distribution with few atoms is not smooth. They need
 * not be a smaller part than the second.
 */
const FEW = 16
const COARSE = 2e-3
const FINE = 5e-4
const SMALLEST_TRANSFORM = 2 ** 10
const LARGEST_TRANSFORM = 2 ** 17
/** The share of δ that is given to losses beyond the grid. */
const CUT = 1e-7

/** The most releases that are composed. */
const MAXIMUM_RELEASES = 2 ** 20

/** ε of `rounds` releases that the pair dominates; infinite if it cannot be computed. */
export function repeatedEpsilon(pair: LossPair, rounds: number, delta: number): number {
  if (rounds === 1) return epsilonOfPair(pair, delta)
  if (rounds > MAXIMUM_RELEASES) return Number.POSITIVE_INFINITY
  // Each tilt gives a valid ε. If a loss is rare and large, as with sampled clients, ε can be far below its Chernoff bound, and
  // then a weaker tilt than that of the bound is better.
  let best = Number.POSITIVE_INFINITY
  for (const weaken of TILTS) {
    const composed = composedPair([{ pair, times: rounds }], delta, { weaken, near: best })
    if (composed === undefined) break
    const epsilon = epsilonOfPair(composed, delta)
    const isBetter = epsilon < best * 0.999
    best = Math.min(best, epsilon)
    if (!isBetter || !isRare(pair)) break
  }
  return best
}

/** What the tilt of the Chernoff bound is multiplied by. */
const TILTS = [1, 1 / 4, 1 / 16, 1 / 64, 1 / 256]

/** Whether the largest losses are far from the typical ones, in standard deviations. */
function isRare(pair: LossPair): boolean {
  return pair.losses.at(-1)! > 30 * momentsOf(pair, 0).deviation
}

/** The same if each client is sampled: the larger ε of removing and of adding a client. */
export function sampledEpsilon(pair: LossPair, rate: number, rounds: number, delta: number): number {
  if (pair.losses.length === 0) return Number.POSITIVE_INFINITY
  const [removed, added] = sampledPairs(pair, rate)
  const epsilon = repeatedEpsilon(removed, rounds, delta)
  // If a client is added, no loss is above −ln(1 − q).
  if (epsilon >= -Math.log1p(-rate) * rounds) return epsilon
  return Math.max(epsilon, repeatedEpsilon(added, rounds, delta))
}

/**
 * The pair of all mechanisms together, each released several times, for an ε at about `delta`; the losses below that ε are not
 * exact. `undefined` if no grid of a permitted length fits.
 *
 * The privacy losses of independent releases add up, so their distributions convolve, here by a Fourier transform. Before,
 * each mass is multiplied by e^{θ·loss} and divided by the sum. With the θ of the best Chernoff bound, the losses near ε are
 * the typical ones. So rounding errors, which are relative to the largest masses, are relative to the masses that count, no
 * matter how small δ is. The errors are bounded and added, and so is the mass beyond the grid.
 *
 * Sources: Koskela, Jälkö and Honkela (2020) and Gopi, Lee and Wutschitz (2021), for the transform; Doroshenko, Ghazi, Kamath,
 * Kumar and Manurangsi (2022), for the grid.
 */
export function composedPair(
  parts: readonly Repeated[],
  delta: number,
  { weaken, near }: { readonly weaken: number; readonly near: number },
): LossPair | undefined {
  const strongest = minimizer((tilt) => upperBound(parts, Math.log(delta), tilt))
  const tilts = tiltsOf(parts, delta, strongest * weaken)
  const deviation = Math.min(...parts.map(({ pair }) => momentsOf(pair, tilts.typical).deviation))
  if (!(deviation > 0)) return undefined
  // A step moves no loss by more than a step.
  const releases = parts.reduce((sum, { times }) => sum + times, 0)
  const share = Math.max(Math.min(upperBound(parts, Math.log(delta), strongest), near), 0) / releases
  const smooth = deviation / STEPS
  const wanted = releases > FEW ? smooth : Math.max(Math.min(smooth, COARSE * share), FINE * share)
  const spread = Math.max(...parts.map(({ pair: { losses } }) => losses.at(-1)! - losses[0]!))
  let step = Math.max(wanted > 0 ? wanted : smooth, spread / LARGEST_TRANSFORM)
  for (;;) {
    const gridded = parts.map(({ pair, times }) => ({ pair: onGrid(pair, step), times }))
    const window = windowOf(gridded, delta, tilts)
    const length = Math.ceil((window.high - window.low) / step) + 3
    if (!Number.isFinite(length)) return undefined
    if (length <= LARGEST_TRANSFORM) return convolved(gridded, window, step, length, delta)
    step *= length / LARGEST_TRANSFORM + 0.1
    if (step > 16 * Math.max(deviation, wanted, spread / LARGEST_TRANSFORM)) return undefined
  }
}

/** The parameters of the Chernoff bounds. The bounds hold for any values; these make them tight. */
interface Tilts {
  /** θ: with this tilt, the typical loss is about the ε that belongs to δ. */
  readonly typical: number
  readonly high: number
  readonly low: number
  readonly above: number
}

/** The losses between which the composition is computed, and the tilt θ. */
interface Window {
  readonly tilt: number
  readonly low: number
  readonly high: number
}

function cumulantOf(parts: readonly Repeated[], tilt: number): number {
  return parts.reduce((sum, { pair, times }) => sum + times * momentsOf(pair, tilt).cumulant, 0)
}

/** P[loss > bound] is at most e^{log} for any tilt above 0 (Chernoff). */
function upperBound(parts: readonly Repeated[], log: number, tilt: number): number {
  return (cumulantOf(parts, tilt) - log) / tilt
}

/** The same for small losses under the distribution that is tilted by `typical`. */
function lowerBound(parts: readonly Repeated[], typical: number, tilt: number): number {
  return (Math.log(CUT) - cumulantOf(parts, typical - tilt) + cumulantOf(parts, typical)) / tilt
}

/**
 * Tilted mass above the window reappears below it, where it weighs up to e^{θ·ε} times as much: this bound makes it small even
 * there.
 */
function tiltedUpperBound(parts: readonly Repeated[], delta: number, typical: number, tilt: number): number {
  const base = cumulantOf(parts, typical)
  const weight = Math.max(base - Math.log(delta), 0)
  return (cumulantOf(parts, typical + tilt) - base - Math.log(CUT) + weight) / tilt
}

function tiltsOf(parts: readonly Repeated[], delta: number, typical: number): Tilts {
  return {
    typical,
    high: minimizer((tilt) => upperBound(parts, Math.log(CUT) + Math.log(delta), tilt)),
    low: minimizer((tilt) => -lowerBound(parts, typical, tilt)),
    above: minimizer((tilt) => tiltedUpperBound(parts, delta, typical, tilt)),
  }
}

/**
 * Mass below the window reappears above it, which only adds to δ. Mass above it is added to δ. The window goes down to 0, because
 * ε can be far below its Chernoff bound, for example if clients are rarely sampled.
 */
function windowOf(parts: readonly Repeated[], delta: number, { typical, high, low, above }: Tilts): Window {
  const largest = parts.reduce((sum, { pair, times }) => sum + times * pair.losses.at(-1)!, 0)
  const bound = Math.max(
    upperBound(parts, Math.log(CUT) + Math.log(delta), high),
    tiltedUpperBound(parts, delta, typical, above),
  )
  const top = Math.min(bound, largest)
  return { tilt: typical, low: Math.min(lowerBound(parts, typical, low), top, 0), high: top }
}

/** Where a function of a positive number that first falls and then grows is smallest, to about 0.1 %. */
function minimizer(value: (at: number) => number): number {
  const golden = (Math.sqrt(5) - 1) / 2
  let [low, high] = [Math.log(1e-6), Math.log(1e8)]
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)]
  let [atLeft, atRight] = [value(Math.exp(left)), value(Math.exp(right))]
  while (high - low > 1e-3) {
    if (atLeft < atRight || Number.isNaN(atRight)) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - golden * (high - low)
      atLeft = value(Math.exp(left))
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + golden * (high - low)
      atRight = value(Math.exp(right))
    }
  }
  return Math.exp((low + high) / 2)
}

/** ln Σ mass · e^{tilt·loss}, and the standard deviation of the loss after tilting. */
function momentsOf({ losses, masses }: LossPair, tilt: number): { cumulant: number; deviation: number } {
  let [start, end] = [0, losses.length]
  while (end > start + 1 && masses[end - 1] === 0) end--
  while (start < end - 1 && masses[start] === 0) start++
  const peak = tilt * (tilt >= 0 ? losses[end - 1]! : losses[start]!)
  let [total, first, second] = [0, 0, 0]
  for (let i = start; i < end; i++) {
    const weight = masses[i]! * Math.exp(tilt * losses[i]! - peak)
    total += weight
    first += weight * losses[i]!
    second += weight * losses[i]! * losses[i]!
  }
  const mean = first / total
  return { cumulant: peak + Math.log(total), deviation: Math.sqrt(Math.max(second / total - mean * mean, 0)) }
}

/**
 * Moves every mass to the two neighboring multiples of `step`, such that the probabilities of both P and Q are kept. The new
 * pair dominates the old one, because merging the two outcomes again gives the old one.
 */
export function onGrid({ losses, masses, infinite }: LossPair, step: number): LossPair {
  const first = Math.floor(losses[0]! / step)
  const last = Math.floor(losses.at(-1)! / step) + 1
  const gridded = new Float64Array(last - first + 1)
  const whole = -Math.expm1(-step)
  losses.forEach((loss, i) => {
    const cell = Math.floor(loss / step)
    const upper = Math.min(-Math.expm1(cell * step - loss) / whole, 1)
    gridded[cell - first]! += masses[i]! * (1 - upper)
    gridded[cell - first + 1]! += masses[i]! * upper
  })
  return { losses: gridded.map((_, i) => (first + i) * step), masses: gridded, infinite }
}

function convolved(
  parts: readonly Repeated[],
  { tilt, low, high }: Window,
  step: number,
  needed: number,
  delta: number,
): LossPair {
  let length = SMALLEST_TRANSFORM
  while (length < needed) length *= 2
  const real = new Float64Array(length).fill(1)
  const imaginary = new Float64Array(length)
  const errors = new Float64Array(length)
  let cumulant = 0
  let infinite = CUT * delta
  for (const { pair, times } of parts) {
    const own = momentsOf(pair, tilt).cumulant
    cumulant += times * own
    infinite += times * pair.infinite
    const [re, im] = [new Float64Array(length), new Float64Array(length)]
    pair.losses.forEach((loss, i) => {
      re[modulo(Math.round(loss / step), length)]! += pair.masses[i]! * Math.exp(tilt * loss - own)
    })
    transform(re, im)
    multiplyPower(real, imaginary, errors, re, im, times)
  }
  // The inverse transform is a transform of the conjugate.
  for (let i = 0; i < length; i++) imaginary[i] = -imaginary[i]!
  const spectrum = real.reduce((sum, re, i) => sum + Math.hypot(re, imaginary[i]!), 0)
  transform(real, imaginary)
  const error = (errors.reduce((sum, each) => sum + each, 0) + transformError(length) * spectrum) / length
  const start = Math.floor(low / step)
  const size = Math.min(length, Math.ceil(high / step) - start + 1)
  const losses = Float64Array.from({ length: size }, (_, i) => (start + i) * step)
  const masses = losses.map((loss, i) => {
    const tilted = Math.max(real[modulo(start + i, length)]! / length, 0) + error
    return tilted * Math.exp(cumulant - tilt * loss)
  })
  // Everything below the grid counts as its lowest loss.
  masses[0]! += 2
  return { losses, masses, infinite }
}

/** Multiplies a spectrum by the power of another, whose absolute values are at most 1, and keeps a bound on its errors. */
function multiplyPower(
  real: Float64Array,
  imaginary: Float64Array,
  errors: Float64Array,
  re: Float64Array,
  im: Float64Array,
  times: number,
): void {
  const unit = transformError(real.length)
  for (let i = 0; i < real.length; i++) {
    const size = Math.hypot(re[i]!, im[i]!) + unit
    const argument = Math.atan2(im[i]!, re[i]!) * times
    const power = Math.hypot(re[i]!, im[i]!) ** times
    const [c, s] = [power * Math.cos(argument), power * Math.sin(argument)]
    const before = Math.hypot(real[i]!, imaginary[i]!) + errors[i]!
    // |a^T − b^T| ≤ T |a − b| · max(|a|, |b|)^{T−1}; the power itself is off by a few units per factor.
    errors[i] =
      errors[i]! * size ** times + before * times * (unit + 8 * Number.EPSILON) * size ** (times - 1)
    const product = real[i]! * c - imaginary[i]! * s
    imaginary[i] = real[i]! * s + imaginary[i]! * c
    real[i] = product
  }
}

function modulo(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus
}
