import { explainPrivacy, type NoiseDistribution, type PrivacyParameters } from '../privacy/index.js'
import { page } from './prose.js'

/** The parameters of private rounds for people. */
export function privacyPage(parameters: PrivacyParameters): string {
  return page([[headline(parameters)], numbers(parameters), warnings(parameters)])
}

function headline({ epsilon, delta, rounds, clients, leastHonest, distribution }: PrivacyParameters): string {
  return (
    `ε = ${Number(epsilon.toPrecision(6))} with δ = ${delta} over ${rounds} round${rounds === 1 ? '' : 's'} of ${clients} ` +
    `clients, at least ${leastHonest} of them honest, with ${nameOf(distribution)} noise`
  )
}

export function nameOf(distribution: NoiseDistribution): string {
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
