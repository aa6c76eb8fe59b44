import { explainPrivacy, type NoiseDistribution, type PrivacyParameters } from '../privacy/index.js'
import { page } from './prose.js'

/** How the page ends where it does not have every number. */
export const DETAILS = 'With --details every number is explained; --json has them all.'

/** The parameters of private rounds for people. */
export function privacyPage(parameters: PrivacyParameters, details: boolean): string {
  return page([
    [headline(parameters)],
    promise(parameters, parameters.clients),
    details ? numbers(parameters) : [DETAILS],
    warnings(parameters),
  ])
}

export function headline({ epsilon, delta, rounds, clients, minimumHonest }: PrivacyParameters): string {
  const honest = `${minimumHonest} of them honest`
  return `ε = ${short(epsilon)} with δ = ${delta} over ${counted(rounds, 'round')} of ${clients} clients, at least ${honest}`
}

/** What is promised, what that takes, and what it does to a mean of `count` updates. */
export function promise(parameters: PrivacyParameters, count: number): string[] {
  const { clients, minimumHonest, length, clip, distribution, noiseMultiplier, localStandardDeviation } =
    parameters
  const { sumStandardDeviation, wrapProbability, centralEpsilon, amplified } = parameters
  const deviation = sumStandardDeviation / Math.sqrt(clients * count)
  return [
    'ε holds against the server and everybody else (neighbors: add or remove one client). The same noise, added in one ' +
      `place to sums that are not rounded, would give ε = ${short(centralEpsilon)}.`,
    ...(amplified === undefined
      ? []
      : [
          `Where each client is sampled with probability ${amplified.samplingRate}, ε = ${short(amplified.epsilon)} against ` +
            'those who see only results and not who took part (neighbors: add or remove one client).',
        ]),
    `Every client scales its update down to an L2 norm of ${clip} where it is longer, and adds ${nameOf(distribution)} noise ` +
      `of standard deviation ${short(localStandardDeviation)}. The noise of ${counted(minimumHonest, 'honest client')} together ` +
      `is ${short(noiseMultiplier)} times that norm.`,
    `In the mean of ${count} updates a value is off by a standard deviation of ${short(deviation)}, and the whole mean by a ` +
      `norm of about ${short(deviation * Math.sqrt(length))}; no update is longer than ${clip}.`,
    `If all clients had the same update of that length, a value would be altogether wrong with probability ` +
      `${short(wrapProbability)}.`,
  ]
}

function nameOf(distribution: NoiseDistribution): string {
  return distribution === 'skellam' ? 'Skellam' : 'discrete Gaussian'
}

/** Every number with what it means. */
export function numbers(parameters: PrivacyParameters): string[] {
  return explainPrivacy(parameters).flatMap(({ name, value, meaning }) => {
    const shown = typeof value === 'number' ? Number(value.toPrecision(9)) : value
    return [`${name} = ${shown}`, `    ${meaning}`]
  })
}

export function warnings({ warnings }: PrivacyParameters): string[] {
  return warnings.map((warning) => `Warning: ${warning}`)
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

function short(value: number): number {
  return Number(value.toPrecision(4))
}
