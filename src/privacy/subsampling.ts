import { requireFunction } from '../arguments.js'
import { requireNumber, requireOrder } from './checks.js'
import type { RdpCurve } from './rdp.js'

/**
 * The curve of a round in which every client takes part with probability `rate`, each on its own (Poisson sampling).
 * For any mechanism, whole orders from 2 on, and neighbors that differ in one client.
 *
 * It holds against those who cannot tell who took part. The server of a round can, and so can the clients that know who is
 * in it; against them the curve is the one that was handed in. It supposes that the noise is the same whoever was sampled,
 * and that the number of participants stays unknown: a published mean gives it away unless the divisor is a fixed number.
 *
 * Source: Zhu and Wang (2019), theorem 5. Never worse than no sampling, since the divergence is quasi-convex.
 *
 * @param rate - Above 0, at most 1.
 * @throws {SecAggError} `invalid-argument` for another rate.
 */
export function subsampledRdp(curve: RdpCurve, rate: number): RdpCurve {
  requireFunction('a curve', curve)
  requireNumber('the sampling rate', rate, Number.MIN_VALUE, 1)
  if (rate === 1) return curve
  const known: number[] = []
  const at = (order: number): number => {
    known[order] ??= curve(order)
    return known[order]
  }
  const logIn = Math.log(rate)
  const logOut = Math.log1p(-rate)
  return (order) => {
    requireOrder(order)
    const terms = [(order - 1) * logOut + Math.log1p((order - 1) * rate)]
    let logBinomial = Math.log(order)
    for (let l = 2; l <= order; l++) {
      logBinomial += Math.log((order - l + 1) / l)
      const factor = l === 2 ? 0 : Math.log(3)
      terms.push(factor + logBinomial + l * logIn + (order - l) * logOut + (l - 1) * at(l))
    }
    return Math.min(Math.max(logOfSum(terms), 0) / (order - 1), at(order))
  }
}

/** ln Σ exp(term), without overflow. */
function logOfSum(terms: readonly number[]): number {
  const greatest = Math.max(...terms)
  if (!Number.isFinite(greatest)) return greatest
  return greatest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - greatest), 0))
}
