import type { Parameters } from '../vectors/format.js'

// Section "What k and t have to withstand" of the specification, in exact fractions.

export interface Neighborhood {
  /** n. */
  readonly clients: number
  /** k. */
  readonly neighbors: number
  /** t. */
  readonly threshold: number
  readonly assumptions: NonNullable<Parameters['assumptions']>
}

/** Whether k and t withstand what is assumed of n clients. */
export function isProven({ clients, neighbors, threshold, assumptions }: Neighborhood): boolean {
  const { corruptFraction, dropoutFraction, statisticalSecurity } = assumptions
  const corrupt = partOf(clients, corruptFraction)
  if (neighbors === clients - 1) return threshold >= Math.max(Math.floor(clients / 2), corrupt) + 1
  const gone = corrupt + partOf(clients, dropoutFraction)
  const most = power(statisticalSecurity + 1)
  return (
    isAtMost(disconnection(clients, neighbors, gone), most) &&
    isAtMost(exposure(clients, neighbors, corrupt, threshold), most)
  )
}

/** The same on the chosen graph. */
export function isProvenForChosen({
  clients: n,
  neighbors: k,
  threshold: t,
  minimumCohort,
  assumptions,
}: Neighborhood & { readonly minimumCohort: number }): boolean {
  const { corruptFraction, statisticalSecurity } = assumptions
  const most = power(statisticalSecurity + 1)
  const corrupt = partOf(n, corruptFraction)
  const honest = Math.max(Math.floor(n / 2), Math.max(minimumCohort - corrupt, 0) - 1)
  for (let c = 0; c <= corrupt; c++) {
    const both = { numerator: BigInt(n - c) * ways(n - 1, c, k, 2 * t - k), denominator: choose(n - 1, k) }
    if (!isAtMost(both, most) || !isAtMost(smallSums(n, c, k, t, Math.min(honest, n - c)), most)) return false
  }
  return true
}

/** The sum of C(n − c, s) · P[Hyp(n − 1, s − 1 + c, k) ≥ t]^s over s up to `honest`. */
function smallSums(n: number, c: number, k: number, t: number, honest: number): Fraction {
  const all = choose(n - 1, k)
  let numerator = 0n
  for (let s = 1; s <= honest; s++) {
    const term = choose(n - c, s) * ways(n - 1, Math.min(s - 1 + c, n - 1), k, t) ** BigInt(s)
    numerator += term * all ** BigInt(honest - s)
  }
  return { numerator, denominator: all ** BigInt(honest) }
}

/** The least |U1| with which a round goes on for the sake of what is assumed. */
export function minimumPresent(neighborhood: Neighborhood): number {
  const { clients, neighbors } = neighborhood
  let least = clients
  while (least - 1 > neighbors && isStillProven(neighborhood, least - 1)) least--
  return least
}

function isStillProven(
  { clients, neighbors, threshold, assumptions }: Neighborhood,
  present: number,
): boolean {
  const { corruptFraction, dropoutFraction, statisticalSecurity } = assumptions
  const corrupt = Math.min(partOf(clients, corruptFraction), present)
  const gone = Math.min(corrupt + partOf(present, dropoutFraction), present)
  const [a, b] = [disconnection(present, neighbors, gone), exposure(present, neighbors, corrupt, threshold)]
  const sum = {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  }
  return isAtMost(sum, power(statisticalSecurity))
}

interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** n(n − k − 1)/2 · P[Hyp(n, A + D, k) = k]. */
function disconnection(n: number, k: number, gone: number): Fraction {
  const pairs = (BigInt(n) * BigInt(n - k - 1)) / 2n
  return { numerator: pairs * choose(gone, k), denominator: choose(n, k) }
}

/** n · P[Hyp(n, A, k) ≥ t]. */
function exposure(n: number, k: number, corrupt: number, t: number): Fraction {
  return { numerator: BigInt(n) * ways(n, corrupt, k, t), denominator: choose(n, k) }
}

/** How many sets of k among n have at least t of the marked ones. */
function ways(n: number, marked: number, k: number, t: number): bigint {
  let sum = 0n
  for (let i = Math.max(t, 0); i <= k; i++) sum += choose(marked, i) * choose(n - marked, k - i)
  return sum
}

function isAtMost(a: Fraction, b: Fraction): boolean {
  return a.numerator * b.denominator <= b.numerator * a.denominator
}

/** 2^−bits. */
const power = (bits: number): Fraction => ({ numerator: 1n, denominator: 2n ** BigInt(bits) })

function choose(n: number, k: number): bigint {
  if (k > n) return 0n
  let product = 1n
  for (let i = 1; i <= k; i++) product = (product * BigInt(n - k + i)) / BigInt(i)
  return product
}

/** ⌊fraction · whole⌋, from left to right in doubles. */
export function partOf(whole: number, fraction: number): number {
  return Math.floor(fraction * whole * (1 + 2 ** -51))
}
