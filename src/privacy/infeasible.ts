import { type SecAggError, usageError } from '../errors.js'
import { minimumWhole } from './bisect.js'
import { type BitTarget, minimumEpsilon, minimumMultiplier } from './multiplier.js'

export const MOST_BITS = 32

/** Why no noise keeps `target`, and what would do: each piece of advice has been tried. */
export function infeasible(target: BitTarget): SecAggError {
  const { epsilon, bits, minimumHonest } = target
  const advice = [moreBits(target), moreHonest(target), moreEpsilon(target), otherDistribution(target)]
  const remedies = advice.filter((text) => text !== undefined)
  return usageError(
    'invalid-configuration',
    `no noise gives ε = ${epsilon} with ${bits} bits and ${minimumHonest} honest clients or more (${reason(target)}); ` +
      (remedies.length === 0
        ? 'fewer clients or a shorter vector might do'
        : `${remedies.join(' or ')} would do`),
    { expected: `at most ${epsilon}`, got: minimumEpsilon(target) },
  )
}

function reason(target: BitTarget): string {
  const least = minimumEpsilon(target)
  if (least === Number.POSITIVE_INFINITY) return 'the rounding alone fills the bits'
  if (least > target.epsilon) return `at least ${Number(least.toPrecision(4))} is left, however much noise`
  return 'discrete Gaussians are too coarse there for their sum to be known'
}

function does(target: BitTarget): boolean {
  return minimumMultiplier(target) !== undefined
}

function moreBits(target: BitTarget): string | undefined {
  const bits = minimumWhole((b) => does({ ...target, bits: b }), target.bits + 1, MOST_BITS)
  return bits === undefined ? undefined : `${bits} bits`
}

function moreHonest(target: BitTarget): string | undefined {
  const { minimumHonest, clients } = target
  const honest = minimumWhole((h) => does({ ...target, minimumHonest: h }), minimumHonest + 1, clients)
  return honest === undefined ? undefined : `at least ${honest} honest clients`
}

function moreEpsilon(target: BitTarget): string | undefined {
  const least = Math.max(minimumEpsilon(target), target.epsilon)
  if (!(least < 1000)) return undefined
  const epsilon = Number((least * 1.05).toPrecision(3))
  return does({ ...target, epsilon }) ? `ε = ${epsilon}` : undefined
}

function otherDistribution(target: BitTarget): string | undefined {
  if (target.distribution !== 'discrete-gaussian') return undefined
  return does({ ...target, distribution: 'skellam' }) ? 'the distribution skellam' : undefined
}
