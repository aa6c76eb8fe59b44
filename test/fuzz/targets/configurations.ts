import { createRoundConfig, type RoundConfig, type RoundParameters } from 'secagg'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { Choices } from '../choices.js'
import { edited } from '../json.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

const common = { sessionId: new Uint8Array(32), segments: [{ length: 3, bits: 16, bound: 100 }] }
const assumptions = {
  corruptFraction: 0.05,
  dropoutFraction: 0.1,
  statisticalSecurity: 20,
  correctness: 10,
}

/** Parameters of every kind of round. */
const BASES: readonly RoundParameters[] = [
  { ...common, clients: 5, adversary: 'honest-but-curious' },
  // With a bound one higher the sum would be 2^8.
  {
    ...common,
    clients: 4,
    adversary: 'honest-but-curious',
    segments: [{ length: 1, bits: 8, bound: 64 }],
  },
  { ...common, clients: 5, adversary: 'active', corruptClients: 1, signatureLength: 64, minimumCohort: 5 },
  {
    ...common,
    clients: 300,
    adversary: 'honest-but-curious',
    graph: { neighbors: 60, assumptions },
    threshold: 30,
    minimumCohort: 200,
    suite: 'chacha',
  },
  {
    ...common,
    clients: 300,
    adversary: 'active',
    graph: { neighbors: 38, assumptions },
    threshold: 25,
    minimumCohort: 151,
  },
  {
    ...common,
    clients: 9,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 7,
    segments: [
      { length: 200, bits: 33, bound: 'modular' },
      { length: 1, bits: 64, bound: 1n << 40n },
    ],
    sliceLength: 64,
    context: { model: new Uint8Array(3), manifest: new Uint8Array(0) },
  },
]

/** Parameters of rounds with edits in them: refused, or a configuration that is frozen and the same each time. */
export const configurations: FuzzTarget = {
  name: 'configurations',
  sync: true,
  weight: 1,
  maximumLength: 64,
  *seeds() {
    // The bound of the second, replaced by what it is.
    yield Uint8Array.of(1, 3, 1, 0, 2, 1, 1, 15, 64)
    for (const index of BASES.keys()) {
      yield Uint8Array.of(index)
      for (let part = 0; part < 12; part++) yield Uint8Array.of(index, 1, part, 1, 1, part)
    }
  },
  run: (data) => {
    const choices = new Choices(data)
    const parameters = edited(choices.pick(BASES), choices, true) as RoundParameters
    const outcome = outcomeOf(() => createRoundConfig(parameters))
    if ('error' in outcome) {
      ensure(outcome.error.fault === 'usage', 'parameters are the caller’s own')
      return
    }
    requireSound(outcome.value)
    const again = createRoundConfig(parameters)
    ensure(equalBytes(again.hash, outcome.value.hash), 'the same parameters give the same configuration')
  },
}

function requireSound(config: RoundConfig): void {
  const { clients, threshold, minimumCohort, segments, adversary } = config
  ensure(Object.isFrozen(config) && Object.isFrozen(segments), 'a configuration does not change')
  const most = config.graph.kind === 'complete' ? 65535 : 2 ** 24
  ensure(clients >= 2 && clients <= most, 'n is 2 to 65535, or to 2^24 if the graph is not complete')
  ensure(threshold >= 2 && threshold <= minimumCohort && minimumCohort <= clients, '2 ≤ t ≤ minimum ≤ n')
  if (config.graph.kind === 'complete') {
    const corrupt = config.corruptClients
    const curious = 2 * threshold > clients && threshold > (corrupt ?? 0)
    const active = corrupt === undefined ? 3 * threshold > 2 * clients : 2 * threshold > clients + corrupt
    ensure(adversary === 'active' ? active : curious, 't is what the model asks for')
  } else {
    const { kind, neighbors } = config.graph
    const most = kind === 'chosen' ? clients - 2 : clients - 1
    ensure(threshold <= neighbors && neighbors <= most, 'a client has t holders among the others')
    ensure(
      adversary === (kind === 'chosen' ? 'active' : 'honest-but-curious'),
      'clients choose their holders in the active model, and only there',
    )
  }
  for (const { bits, bound } of segments) {
    ensure(bound === 'modular' || BigInt(clients) * (bound - 1n) < 1n << BigInt(bits), 'a sum overflows')
  }
}
