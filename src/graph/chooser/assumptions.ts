import { partsOf } from '../../arguments.js'
import { usageError } from '../../errors.js'
import type { ServerModel } from './bounds.js'

/** What a client or server expects of a round's clients and asks for in security. */
export interface Assumptions {
  /** n: 2 to 10⁸. */
  readonly clients: number
  /** δ, 0 ≤ δ < 1: the part of the clients that may drop out, at any time, for reasons unrelated to the ring. */
  readonly dropoutFraction: number
  /** γ, 0 ≤ γ < 1: the part of the clients that may collude with the server. */
  readonly corruptFraction: number
  readonly adversary: ServerModel
  /** σ, 1 to 256, default 40: a privacy failure has probability at most 2^−σ in a round. */
  readonly statisticalSecurity?: number | undefined
  /** η, 1 to 256, default 20: for want of shares, a round fails with probability at most 2^−η. */
  readonly correctness?: number | undefined
}

/** {@link Assumptions}, checked, with the defaults and in whole clients. */
export interface Cohort extends Required<Assumptions> {
  readonly statisticalSecurity: number
  readonly correctness: number
  /** A = ⌊γn⌋. */
  readonly corruptClients: number
  /** D = ⌊δn⌋. */
  readonly dropouts: number
}

/** The most clients that parameters are chosen for. */
export const MAXIMUM_CLIENTS = 1e8
const MODELS: readonly ServerModel[] = ['honest-but-curious', 'semi-malicious', 'active']

/** @throws {SecAggError} `invalid-argument`, fault `usage`, where a value is out of its range. */
export function cohortOf(assumptions: Assumptions): Cohort {
  const parts = partsOf('what a graph has to withstand', assumptions)
  const { clients, dropoutFraction, corruptFraction, adversary } = parts
  const { statisticalSecurity = 40, correctness = 20 } = parts
  requireWhole('clients', clients, 2, MAXIMUM_CLIENTS)
  requireFraction('dropoutFraction', dropoutFraction)
  requireFraction('corruptFraction', corruptFraction)
  if (!MODELS.includes(adversary)) {
    throw usageError('invalid-argument', `adversary must be one of ${MODELS.join(', ')}`)
  }
  requireBits('statisticalSecurity', statisticalSecurity)
  requireBits('correctness', correctness)
  return {
    clients,
    dropoutFraction,
    corruptFraction,
    adversary,
    statisticalSecurity,
    correctness,
    corruptClients: partOf(clients, corruptFraction),
    dropouts: partOf(clients, dropoutFraction),
  }
}

/**
 * ⌊fraction · clients⌋ for the fraction that was meant: 0.29 of 100 is 29, although the double nearest to 0.29, times
 * 100, is 28.999999999999996. The double and the product are each off by 2^-53 of their size at most.
 */
export function partOf(clients: number, fraction: number): number {
  return Math.floor(fraction * clients * (1 + 2 ** -51))
}

/** @throws {SecAggError} `invalid-argument`, fault `usage`, unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: number, least: number, greatest: number): void {
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${least} to ${greatest}`, {
      got: value,
    })
  }
}

function requireFraction(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
    throw usageError('invalid-argument', `${name} must be a number from 0 to below 1`, { got: value })
  }
}

function requireBits(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 1 && value <= 256)) {
    throw usageError('invalid-argument', `${name} must be a number of bits from 1 to 256`, { got: value })
  }
}
