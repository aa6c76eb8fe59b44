/** Exact counterparts of the library's approximations, in whole numbers of any size; slow and plain on purpose. */

const rows = new Map<string, bigint>()

/** C(n, k); 0 where k is out of range. */
export function binomial(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n
  const least = Math.min(k, n - k)
  const key = `${n},${least}`
  const known = rows.get(key)
  if (known !== undefined) return known
  let value = 1n
  for (let i = 1; i <= least; i++) value = (value * BigInt(n - least + i)) / BigInt(i)
  rows.set(key, value)
  return value
}

/** P[X = x] · C(total, drawn). */
export function ways(total: number, marked: number, drawn: number, x: number): bigint {
  return binomial(marked, x) * binomial(total - marked, drawn - x)
}

/** ln(numerator / denominator), for positive ones. */
export function logRatio(numerator: bigint, denominator: bigint): number {
  // 2^shift numerator / denominator has about 100 bits, of which a double keeps 53.
  const shift = denominator.toString(2).length - numerator.toString(2).length + 100
  const scaled =
    shift >= 0 ? (numerator << BigInt(shift)) / denominator : numerator / (denominator << BigInt(-shift))
  return Math.log(Number(scaled) / 2 ** 100) + (100 - shift) * Math.LN2
}

export interface SlowCase {
  readonly clients: number
  readonly corrupt: number
  readonly dropouts: number
  readonly semiMalicious: boolean
  readonly security: number
  readonly correctness: number
}

/** The least k with its t, by trying all of them with exact probabilities. */
export function slowNeighborhood(given: SlowCase): { neighbors: number; threshold: number } | undefined {
  for (let k = 2; k < given.clients - 1; k += 2) {
    const threshold = slowThreshold(given, k)
    if (threshold !== undefined) return { neighbors: k, threshold }
  }
  return undefined
}

function slowThreshold(given: SlowCase, k: number): number | undefined {
  const { clients, corrupt, dropouts, security, correctness } = given
  const n = BigInt(clients)
  const half = 1n << BigInt(security + 1)
  const removed = corrupt + dropouts
  if (k <= removed) {
    const pairs = (n * BigInt(clients - k - 1)) / 2n
    if (pairs * binomial(clients - k, removed - k) * half >= binomial(clients, removed)) return undefined
  }
  const all = binomial(clients, k)
  // t1: the least x with n P[more than x corrupt] at most 2^−(σ+1).
  let above = all - ways(clients, corrupt, k, 0)
  let t1 = 0
  while (above * n * half > all) above -= ways(clients, corrupt, k, ++t1)
  if (given.semiMalicious) t1 = Math.ceil((t1 + k - 1.25) / 2)
  // t2: the greatest x with n P[fewer than x survive] at most 2^−η.
  let below = 0n
  let t2 = 0
  while (t2 < k) {
    below += ways(clients, clients - dropouts, k, t2)
    if ((below * n) << BigInt(correctness) > all) break
    t2++
  }
  const threshold = Math.max(t1 + 1, 2)
  return t2 >= threshold ? threshold : undefined
}
