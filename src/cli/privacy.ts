import process from 'node:process'
import {
  analyzePrivacy,
  explainPrivacy,
  type NoiseDistribution,
  type PrivacyParameters,
  type PrivacySetting,
  type PrivacyTarget,
} from '../privacy/index.js'
import { CLIPS } from '../privacy/scaled-sum.js'
import {
  inOptions,
  oneOf,
  page,
  probability,
  readOptions,
  realNumber,
  required,
  UsageProblem,
  wholeNumber,
} from './options.js'

export const PRIVACY_USAGE = `Usage: secagg privacy --clients N --minimum H --length M --clip C --bits B --noise-multiplier Z --delta D [OPTIONS]

Shows which epsilon a given amount of noise guarantees, and how large the error of the mean is. To choose the noise for
an epsilon, use secagg params --epsilon.

  --clients N            number of clients, 2 to 100000000
  --minimum H            minimum number of honest clients in a sum, 1 to N; only their noise counts
  --length M             number of values in an update, 1 to 1073741824
  --clip C               L2 norm to which an update is clipped
  --bits B               bits of an element of the sum, 1 to 32
  --noise-multiplier Z   standard deviation of the noise of H clients together, in multiples of C
  --delta D              probability that epsilon does not hold; choose it well below 1/N
  --rounds T             number of rounds in which a client takes part (default 1)
  --distribution NAME    distribution of the noise: skellam (default) or discrete-gaussian
  --sampling-rate P      probability that a client is sampled for a round; adds the epsilon against observers who learn
                         neither who took part nor how many, if the noise does not depend on who was sampled
  --details              explain every number
  --json                 print one JSON object instead of the explanation

In JSON, null stands for infinity. The exit code is 2 if options are wrong, or if the sum does not fit the bits.
`

const NAMES = { minimumHonest: '--minimum', noiseMultiplier: '--noise-multiplier' }

/** A privacy target without its cohort, which is not known yet. */
export type Target = Omit<PrivacyTarget, 'clients' | 'minimumHonest'>

const TARGET_OPTIONS = ['delta', 'rounds', 'length', 'clip', 'bits', 'distribution'] as const

/** The privacy target among the options of `secagg params`, if there is one. */
export function targetOf(
  values: Readonly<Partial<Record<(typeof TARGET_OPTIONS)[number] | 'epsilon', string>>>,
): Target | undefined {
  const { epsilon, rounds = '1', bits, distribution = 'skellam' } = values
  if (epsilon === undefined) {
    const stray = TARGET_OPTIONS.find((option) => values[option] !== undefined)
    if (stray !== undefined)
      throw new UsageProblem(`--${stray} is part of a privacy target and needs --epsilon`)
    return undefined
  }
  const given = (option: 'delta' | 'length' | 'clip'): string => required('params', option, values[option])
  return {
    epsilon: realNumber('epsilon', epsilon, 1e-3, 1e3),
    delta: probability('delta', given('delta')),
    rounds: wholeNumber('rounds', rounds, 1, 1e9),
    length: wholeNumber('length', given('length'), 1, 2 ** 30),
    clip: realNumber('clip', given('clip'), ...CLIPS),
    bits: bits === undefined ? undefined : wholeNumber('bits', bits, 1, 32),
    distribution: oneOf('distribution', distribution, ['skellam', 'discrete-gaussian']),
  }
}

/** `secagg privacy`. */
export async function privacyCommand(args: readonly string[]): Promise<void> {
  const { setting, details, json } = parse(args)
  const parameters = inOptions(NAMES, () => analyzePrivacy(setting))
  process.stdout.write(json ? `${JSON.stringify(parameters)}\n` : privacyPage(parameters, details))
}

function parse(args: readonly string[]): {
  readonly setting: PrivacySetting
  readonly details: boolean
  readonly json: boolean
} {
  const values = readOptions('privacy', args, {
    clients: { type: 'string' },
    minimum: { type: 'string' },
    length: { type: 'string' },
    clip: { type: 'string' },
    bits: { type: 'string' },
    'noise-multiplier': { type: 'string' },
    delta: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    distribution: { type: 'string', default: 'skellam' },
    'sampling-rate': { type: 'string' },
    details: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  type Required = 'clients' | 'minimum' | 'length' | 'clip' | 'bits' | 'noise-multiplier' | 'delta'
  const given = (option: Required): string => required('privacy', option, values[option])
  const clients = wholeNumber('clients', given('clients'), 2, 1e8)
  const rate = values['sampling-rate']
  const setting: PrivacySetting = {
    clients,
    minimumHonest: wholeNumber('minimum', given('minimum'), 1, clients),
    length: wholeNumber('length', given('length'), 1, 2 ** 30),
    clip: realNumber('clip', given('clip'), ...CLIPS),
    bits: wholeNumber('bits', given('bits'), 1, 32),
    noiseMultiplier: realNumber('noise-multiplier', given('noise-multiplier'), 1e-12, 1e12),
    delta: probability('delta', given('delta')),
    rounds: wholeNumber('rounds', values.rounds, 1, 1e9),
    distribution: oneOf('distribution', values.distribution, ['skellam', 'discrete-gaussian']),
    samplingRate: rate === undefined ? undefined : realNumber('sampling-rate', rate, 1e-12, 1),
  }
  return { setting, details: values.details, json: values.json }
}

/** Shown if the page does not explain every number. */
export const DETAILS = 'Use --details for an explanation of every number, or --json to print all numbers.'

/** Explains the parameters of rounds with noise. */
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

/** The guarantee, the noise that it requires, and the error of a mean of `count` updates. */
export function promise(parameters: PrivacyParameters, count: number): string[] {
  const { clients, minimumHonest, length, clip, distribution, noiseMultiplier, localStandardDeviation } =
    parameters
  const { sumStandardDeviation, wrapProbability, centralEpsilon, amplified } = parameters
  const deviation = sumStandardDeviation / Math.sqrt(clients * count)
  return [
    'ε holds against the server and everybody else (neighbors: add or remove one client, that is, replace its vector by zeros). If ' +
      `the same noise were added in one place, to sums that are not rounded, ε would be ${short(centralEpsilon)}.`,
    ...(amplified === undefined
      ? []
      : [
          `If each client is sampled independently with probability ${amplified.samplingRate}, ε = ` +
            `${short(amplified.epsilon)} against observers who do not learn the number or the identity of the participants, ` +
            'provided that the noise does not depend on who was sampled (neighbors: add or remove one client, that is, replace ' +
            'its vector by zeros).',
        ]),
    `Every client clips its update to an L2 norm of ${clip}, and adds ${nameOf(distribution)} noise with a standard ` +
      `deviation of ${short(localStandardDeviation)}. The noise of ${counted(minimumHonest, 'honest client')} together ` +
      `has a standard deviation of ${short(noiseMultiplier)} times that norm.`,
    `In the mean of ${count} updates, the error of a value has a standard deviation of ${short(deviation)}, and the error ` +
      `of the whole mean has a norm of about ${short(deviation * Math.sqrt(length))}. An update has a norm of at most ${clip}.`,
    'If all clients had the same update of that norm, a value of the sum would wrap around, and so be completely wrong, ' +
      `with probability ${short(wrapProbability)}.`,
  ]
}

function nameOf(distribution: NoiseDistribution): string {
  return distribution === 'skellam' ? 'Skellam' : 'discrete Gaussian'
}

/** Every number with its meaning. */
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
