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
  let ways = 0n
  for (let i = t; i <= k; i++) ways += choose(corrupt, i) * choose(n - corrupt, k - i)
  return { numerator: BigInt(n) * ways, denominator: choose(n, k) }
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
