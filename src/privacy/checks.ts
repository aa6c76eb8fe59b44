import { usageError } from '../errors.js'

export type NoiseDistribution = 'skellam' | 'discrete-gaussian'

/** @throws {SecAggError} `invalid-argument` unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: number, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > greatest) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${least} to ${greatest}`, {
      expected: `${least}..${greatest}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a number from `least` to `greatest`. */
export function requireNumber(name: string, value: number, least: number, greatest: number): void {
  if (typeof value !== 'number' || !(value >= least && value <= greatest)) {
    throw usageError('invalid-argument', `${name} must be a number from ${least} to ${greatest}`, {
      expected: `${least}..${greatest}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `order` is one of the orders of a curve, whole and from 2 on. */
export function requireOrder(order: number): void {
  requireWhole('the order of a divergence', order, 2, Number.MAX_SAFE_INTEGER)
}

/** @throws {SecAggError} `invalid-argument` unless 0 < `value` < 1. */
export function requireProbability(name: string, value: number): void {
  if (typeof value !== 'number' || !(value > 0 && value < 1)) {
    throw usageError('invalid-argument', `${name} must be a number above 0 and below 1`, {
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` for anything but the name of a distribution. */
export function requireDistribution(distribution: NoiseDistribution): void {
  if (distribution !== 'skellam' && distribution !== 'discrete-gaussian') {
    throw usageError('invalid-argument', "distribution must be 'skellam' or 'discrete-gaussian'")
  }
}

function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : typeof value
}
