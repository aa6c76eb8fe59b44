import type { NoiseLaw } from './noise-law.js'
import { MARGIN, normalBetween, normalTail } from './normal.js'

/**
 * A dominating pair (P, Q) of a mechanism, as the distribution of its privacy loss ln(P/Q) under P. The mechanism has δ(ε) of
 * at most infinite + Σ mass · (1 − e^{ε − loss}) over the losses above ε, for every ε and however it is composed with others
 * (Zhu, Dong and Wang 2022, theorem 10). Losses and masses are rounded up.
 */
export interface LossPair {
  /** In ascending order. */
  readonly losses: Float64Array
  readonly masses: Float64Array
  /** The mass of an infinite loss: probability that was cut off, and rounding errors. */
  readonly infinite: number
}

/** The share of δ that may be cut off from the noise of all rounds together. */
const CUT = 1e-8

/** The probability that may be cut off from the noise of one of so many elements and rounds. It is added to δ. */
export function cutOff(delta: number, parts: number): number {
  return Math.max((CUT * delta) / parts, SMALLEST_MASS)
}

/** A loss above this counts as infinite, because e^loss must fit a double. */
const LARGEST_LOSS = 600
/** A probability below this counts as 0, because it has fewer digits. */
const SMALLEST_MASS = 1e-290
/** Losses are differences of logarithms; their rounding errors are below 10^−12. */
const LOSS_MARGIN = 1e-11

/** The pair of whole-number noise with shift k on one element, and without: exactly the worst case of a scalar that is at most k. */
export function shiftedPair({ reach, probabilities, tail, gap }: NoiseLaw, shift: number): LossPair {
  const losses: number[] = []
  const masses: number[] = []
  let infinite = 2 * tail
  for (let z = -reach; z <= reach + shift; z++) {
    const mass = probabilities[Math.abs(z - shift)]! * (1 + MARGIN) * Math.exp(gap)
    const other = probabilities[Math.abs(z)]!
    const loss = Math.log(mass / other) + gap + LOSS_MARGIN
    if (mass < SMALLEST_MASS) infinite += SMALLEST_MASS
    else if (other < SMALLEST_MASS || loss > LARGEST_LOSS) infinite += mass
    else {
      losses.push(loss)
      masses.push(mass)
    }
  }
  // Because the noise is log-concave, the loss grows with z; only rounding can swap neighbors.
  return { losses: ascending(losses), masses: Float64Array.from(masses), infinite }
}

function ascending(losses: readonly number[]): Float64Array {
  const result = Float64Array.from(losses)
  for (let i = 1; i < result.length; i++) result[i] = Math.max(result[i]!, result[i - 1]!)
  return result
}

/** The cells into which a standard deviation of the loss of normal noise is divided. */
const CELLS = 48
/** The relative rounding error of the probability of a cell is below this. */
const CELL_ERROR = 1e-11

/** The pair of normal noise with a standard deviation of 1/`parameter` of the shift, on a grid of losses. */
export function normalPair(parameter: number, tail: number): LossPair {
  const step = parameter / CELLS
  const center = (parameter * parameter) / 2
  const half = Math.ceil(CELLS * Math.sqrt(-2 * Math.log(tail)))
  const lossAt = (i: number): number => center + (i - half) * step
  const masses = new Float64Array(2 * half + 1)
  for (let i = 0; i < 2 * half; i++) {
    const low = lossAt(i)
    const p = normalBetween((low - center) / parameter, (low + step - center) / parameter)
    const q = normalBetween((low + center) / parameter, (low + step + center) / parameter)
    // The two ends get the probabilities of the cell under P and under Q, each at its own likelihood ratio: see onGrid.
    const share = (p - q * Math.exp(low)) / -Math.expm1(-step)
    const upper = Math.min(Math.max(share, 0) + (MARGIN + CELL_ERROR / step) * p, p)
    masses[i]! += p - upper
    masses[i + 1]! += upper
  }
  const losses = Float64Array.from(masses, (_, i) => lossAt(i))
  const outside = 2 * normalTail(half / CELLS)
  return cut({ losses, masses: masses.map((mass) => mass * (1 + MARGIN)), infinite: outside })
}

/** Moves the masses of losses above {@link LARGEST_LOSS} to infinity. */
function cut({ losses, masses, infinite }: LossPair): LossPair {
  const end = losses.findIndex((loss) => loss > LARGEST_LOSS)
  if (end < 0) return { losses, masses, infinite }
  const beyond = masses.slice(end).reduce((sum, mass) => sum + mass, infinite)
  return { losses: losses.slice(0, end), masses: masses.slice(0, end), infinite: beyond }
}

/**
 * The pairs of a round in which each client takes part with probability `rate`: ((1−q)Q + qP, Q) if the client is removed,
 * and (P, (1−q)P + qQ) if it is added. δ is the larger of the two; neither is always larger. The noise is symmetric, so (Q, P)
 * has the same losses as (P, Q).
 *
 * Source: Zhu, Dong and Wang (2022), theorem 11, for Poisson sampling.
 */
export function sampledPairs(pair: LossPair, rate: number): readonly [removed: LossPair, added: LossPair] {
  const { losses, masses, infinite } = pair
  const others = masses.map((mass, i) => mass * Math.exp(-losses[i]!))
  const floor = Math.log1p(-rate)
  // The probability under Q that has no counterpart: rounding and the tails.
  const rest = Math.max(1 - others.reduce((sum, other) => sum + other, 0), 0)
  const removed = {
    losses: Float64Array.of(floor, ...losses.map((loss) => up(Math.log1p(rate * Math.expm1(loss))))),
    masses: Float64Array.of(
      (1 - rate) * rest,
      ...masses.map((mass, i) => rate * mass + (1 - rate) * others[i]!),
    ),
    infinite: rate * infinite,
  }
  const added = {
    losses: Float64Array.of(...losses.map((loss) => up(-Math.log1p(rate * Math.expm1(-loss)))), -floor),
    masses: Float64Array.of(...masses, infinite),
    infinite: 0,
  }
  return [removed, added]
}

function up(loss: number): number {
  return loss + Math.abs(loss) * LOSS_MARGIN
}

/** The smallest ε ≥ 0 at which the pair has a δ of at most `delta`; infinite if there is none. */
export function epsilonOfPair({ losses, masses, infinite }: LossPair, delta: number): number {
  // δ(ε) = above − e^{ε − origin} · other, where both sums are over the losses above ε. Scanned from the largest loss down.
  let above = infinite * (1 + MARGIN)
  if (above >= delta) return Number.POSITIVE_INFINITY
  let other = 0
  // Moves with the losses, so that every factor fits a double, however large ε is.
  let origin = originOf(losses.at(-1) ?? 0)
  for (let i = losses.length - 1; i >= 0; i--) {
    const loss = losses[i]!
    if (loss <= 0) break
    if (loss < origin) {
      const moved = originOf(loss)
      other *= Math.exp(moved - origin)
      origin = moved
    }
    above += masses[i]! * (1 + MARGIN)
    other += masses[i]! * Math.exp(origin - loss) * (1 - MARGIN)
    const next = Math.max(i === 0 ? 0 : losses[i - 1]!, 0)
    // The error of a mass far below the typical losses can be too large for a double. δ is small enough at this loss.
    if (!Number.isFinite(above)) return loss
    if (above - Math.exp(next - origin) * other <= delta) continue
    return other > 0 ? Math.min(origin + Math.log((above - delta) / other), loss) : loss
  }
  return 0
}

/** 0 for all losses of a single release; for larger ones a number so far below them that the origin seldom moves. */
function originOf(loss: number): number {
  return Math.max(loss - LARGEST_LOSS, 0)
}
