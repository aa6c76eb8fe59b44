import { ALL, DEFAULTS, type Scenario } from './scenario.js'

const HYBRID = { ...DEFAULTS, keyAgreement: 'x25519-ml-kem-768' } as const

/** Rounds with hybrid key agreement, of few clients: of each there are four kilobytes of keys, and more of ciphertexts. */
export const HYBRID_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'round-hybrid-complete-small': {
    seed: 200,
    description:
      'Hybrid key agreement, honest-but-curious, the complete graph, suite aes, three clients; one drops out before its masked input.',
    parameters: {
      ...HYBRID,
      clients: 3,
      threshold: 2,
      minimumCohort: 2,
      segments: [{ length: 2, bits: 8, bound: '50' }],
    },
    sends: [ALL, ALL, 2],
  },
  'round-hybrid-complete-chacha': {
    seed: 201,
    description:
      'Hybrid key agreement, honest-but-curious, the complete graph, suite chacha, in slices, four clients; one drops out before its masked input.',
    parameters: {
      ...HYBRID,
      suite: 'chacha',
      clients: 4,
      threshold: 3,
      minimumCohort: 3,
      sliceLength: 64,
      segments: [{ length: 70, bits: 9, bound: 'modular' }],
    },
    sends: [2, ALL, ALL, ALL],
  },
  'round-hybrid-active-chacha': {
    seed: 203,
    description:
      'Hybrid key agreement, active, the complete graph, suite chacha; of five clients one drops out before its masked input and one after its consistency check.',
    parameters: {
      ...HYBRID,
      adversary: 'active',
      suite: 'chacha',
      clients: 5,
      threshold: 3,
      minimumCohort: 3,
      corruptClients: 0,
      signatureLength: 64,
      segments: [{ length: 2, bits: 8, bound: '50' }],
    },
    sends: [ALL, ALL, 2, 4, ALL],
  },
  'round-hybrid-sparse-aes': {
    seed: 204,
    description:
      'Hybrid key agreement, the sparse graph with four neighbors, suite aes, in slices; of six clients one drops out before its masked input and one after it.',
    parameters: {
      ...HYBRID,
      clients: 6,
      neighbors: 4,
      threshold: 2,
      minimumCohort: 4,
      sliceLength: 64,
      segments: [{ length: 66, bits: 7, bound: 'modular' }],
    },
    sends: [ALL, ALL, 2, ALL, ALL, 3],
  },
  'round-hybrid-chosen-aes': {
    seed: 206,
    description:
      'Hybrid key agreement, active, the chosen graph with three holders, suite aes, five clients; one drops out before its masked input.',
    parameters: {
      ...HYBRID,
      adversary: 'active',
      clients: 5,
      neighbors: 3,
      threshold: 2,
      minimumCohort: 3,
      signatureLength: 64,
      segments: [{ length: 2, bits: 8, bound: '50' }],
    },
    sends: [ALL, ALL, 2, ALL, ALL],
  },
  'round-hybrid-chosen-chacha': {
    seed: 219,
    description:
      'Hybrid key agreement, active, the chosen graph with four holders, suite chacha, in slices; of seven clients one never comes, and one each drops out after its keys, after its masked input and after its acknowledgements.',
    parameters: {
      ...HYBRID,
      adversary: 'active',
      suite: 'chacha',
      clients: 7,
      neighbors: 4,
      threshold: 2,
      minimumCohort: 3,
      signatureLength: 64,
      sliceLength: 64,
      segments: [{ length: 66, bits: 7, bound: 'modular' }],
    },
    sends: [ALL, 4, ALL, 0, 1, ALL, 3],
  },
}
