import process from 'node:process'
import { analyzePrivacy, type PrivacySetting } from '../privacy/index.js'
import { inOptions, oneOf, probability, readOptions, realNumber, required, wholeNumber } from './options.js'
import { privacyPage } from './privacy-page.js'

export const PRIVACY_USAGE = `Usage: secagg privacy --clients N --minimum H --length M --clip C --bits B --noise-multiplier Z --delta D [OPTIONS]

Says what given noise promises, and how far it puts the mean off. To choose the noise for an epsilon, see
secagg params --epsilon.

  --clients N            number of clients, 2 to 100000000
  --minimum H            the fewest honest clients in a sum, 1 to N; only their noise counts
  --length M             values of an update, 1 to 1073741824
  --clip C               L2 norm that an update is clipped to
  --bits B               bits of an element of the sum, 1 to 32
  --noise-multiplier Z   standard deviation of the noise of H clients together, in multiples of C
  --delta D              the probability with which epsilon may not hold; well below 1/N
  --rounds T             in how many rounds a client takes part (default 1)
  --distribution NAME    of the noise: skellam (default) or discrete-gaussian
  --sampling-rate P      the probability with which a client is sampled for a round; shows the epsilon that holds
                         against those who see only results and not who took part
  --details              explain every number
  --json                 print one JSON object instead of the explanation

In JSON, null is infinity. Exit code 2 for bad options and where the sum does not fit the bits.
`

const NAMES = { minimumHonest: '--minimum', noiseMultiplier: '--noise-multiplier' }

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
    clip: realNumber('clip', given('clip'), 1e-30, 1e30),
    bits: wholeNumber('bits', given('bits'), 1, 32),
    noiseMultiplier: realNumber('noise-multiplier', given('noise-multiplier'), 1e-12, 1e12),
    delta: probability('delta', given('delta')),
    rounds: wholeNumber('rounds', values.rounds, 1, 1e9),
    distribution: oneOf('distribution', values.distribution, ['skellam', 'discrete-gaussian']),
    samplingRate: rate === undefined ? undefined : realNumber('sampling-rate', rate, 1e-12, 1),
  }
  return { setting, details: values.details, json: values.json }
}
