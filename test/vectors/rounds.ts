import { HYBRID_SCENARIOS } from './hybrid-rounds.js'
import { ALL, DEFAULTS, type Scenario } from './scenario.js'

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'round-example': {
    seed: 1,
    description: 'Three clients, honest-but-curious, the complete graph, suite aes; nobody drops out.',
    parameters: {
      ...DEFAULTS,
      clients: 3,
      threshold: 2,
      minimumCohort: 2,
      segments: [{ length: 4, bits: 16, bound: '1000' }],
      context: [{ name: 'model', value: '00010203' }],
    },
    sends: [ALL, ALL, ALL],
  },
  'round-complete-aes': {
    seed: 2,
    description:
      'Honest-but-curious, the complete graph, suite aes; of nine clients one never comes, and one drops out after each of its messages but the last.',
    parameters: {
      ...DEFAULTS,
      clients: 9,
      threshold: 5,
      minimumCohort: 5,
      segments: [
        { length: 3, bits: 8, bound: 'modular' },
        { length: 5, bits: 20, bound: '100000' },
        { length: 2, bits: 64, bound: 'modular' },
        { length: 9, bits: 1, bound: 'modular' },
      ],
      context: [
        { name: 'weights', value: 'ff' },
        { name: 'model', value: '' },
        { name: 'model 2', value: '0102' },
      ],
    },
    sends: [ALL, 2, ALL, ALL, 0, ALL, 1, 3, ALL],
  },
  'round-complete-chacha': {
    seed: 3,
    description:
      'Honest-but-curious, the complete graph, suite chacha, in slices; one client drops out after it has shared its keys.',
    parameters: {
      ...DEFAULTS,
      suite: 'chacha',
      clients: 4,
      threshold: 3,
      minimumCohort: 3,
      sliceLength: 66,
      segments: [
        { length: 75, bits: 5, bound: 'modular' },
        { length: 3, bits: 33, bound: '1000000000' },
        { length: 100, bits: 12, bound: '1024' },
      ],
    },
    sends: [ALL, ALL, 2, ALL],
  },
  'round-active-small': {
    seed: 8,
    description: 'Active, three clients, no client corrupt, suite aes; nobody drops out.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      clients: 3,
      threshold: 2,
      minimumCohort: 2,
      corruptClients: 0,
      signatureLength: 64,
      segments: [{ length: 2, bits: 8, bound: '50' }],
    },
    sends: [ALL, ALL, ALL],
  },
  'round-active-aes': {
    seed: 4,
    description:
      'Active, the complete graph, suite aes, two of seven clients corrupt; two drop out before their masked input.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      clients: 7,
      threshold: 5,
      minimumCohort: 5,
      corruptClients: 2,
      signatureLength: 64,
      segments: [{ length: 6, bits: 24, bound: '1000000' }],
    },
    sends: [2, ALL, ALL, ALL, 2, ALL, ALL],
  },
  'round-active-chacha': {
    seed: 5,
    description:
      'Active, the complete graph, suite chacha, no client corrupt; of eleven clients one never comes, and one drops out after each of its messages but the last.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      suite: 'chacha',
      clients: 11,
      threshold: 6,
      minimumCohort: 6,
      corruptClients: 0,
      signatureLength: 64,
      segments: [
        { length: 2, bits: 48, bound: '1000000000000' },
        { length: 3, bits: 9, bound: 'modular' },
      ],
      context: [{ name: 'model', value: '00' }],
    },
    sends: [3, ALL, ALL, 1, ALL, 4, ALL, 0, ALL, 2, ALL],
  },
  'round-sparse-aes': {
    seed: 6,
    description:
      'Honest-but-curious, the sparse graph with four neighbors, suite aes; of twelve clients one never comes, and one drops out after each of its messages but the last.',
    parameters: {
      ...DEFAULTS,
      clients: 12,
      neighbors: 4,
      threshold: 2,
      minimumCohort: 7,
      segments: [
        { length: 5, bits: 16, bound: '5000' },
        { length: 3, bits: 3, bound: 'modular' },
      ],
    },
    sends: [ALL, ALL, 3, ALL, ALL, 0, ALL, ALL, 2, ALL, 1, ALL],
  },
  'round-sparse-proven': {
    seed: 9,
    description:
      'Honest-but-curious, the sparse graph with four neighbors, suite aes, with assumptions that take nine of the twelve clients; one drops out before its masked input.',
    parameters: {
      ...DEFAULTS,
      clients: 12,
      neighbors: 4,
      assumptions: { corruptFraction: 0.25, dropoutFraction: 0.09, statisticalSecurity: 1 },
      threshold: 3,
      minimumCohort: 4,
      segments: [{ length: 2, bits: 10, bound: '80' }],
    },
    sends: [ALL, ALL, ALL, ALL, ALL, 2, ALL, ALL, ALL, ALL, ALL, ALL],
  },
  'round-sparse-chacha': {
    seed: 7,
    description:
      'Honest-but-curious, the sparse graph with two neighbors, suite chacha, in slices, with assumptions; nobody drops out.',
    parameters: {
      ...DEFAULTS,
      suite: 'chacha',
      clients: 6,
      neighbors: 2,
      assumptions: { corruptFraction: 0, dropoutFraction: 0.25, statisticalSecurity: 1 },
      threshold: 2,
      minimumCohort: 5,
      sliceLength: 64,
      segments: [{ length: 130, bits: 7, bound: 'modular' }],
    },
    sends: [ALL, ALL, ALL, ALL, ALL, ALL],
  },
  'round-chosen-small': {
    seed: 10,
    description:
      'Active, the chosen graph with three holders, suite aes, five clients, with assumptions; nobody drops out.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      clients: 5,
      neighbors: 3,
      assumptions: { corruptFraction: 0, dropoutFraction: 0.2, statisticalSecurity: 1 },
      threshold: 2,
      minimumCohort: 3,
      signatureLength: 64,
      segments: [{ length: 2, bits: 8, bound: '50' }],
    },
    sends: [ALL, ALL, ALL, ALL, ALL],
  },
  'round-chosen-aes': {
    seed: 100,
    description:
      'Active, the chosen graph with six holders, suite aes; of twelve clients one never comes, and one drops out after each of its messages but the last.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      clients: 12,
      neighbors: 6,
      threshold: 2,
      minimumCohort: 5,
      signatureLength: 64,
      segments: [
        { length: 3, bits: 24, bound: '100000' },
        { length: 2, bits: 5, bound: 'modular' },
      ],
      context: [{ name: 'model', value: '00' }],
    },
    sends: [ALL, ALL, 3, ALL, 1, ALL, ALL, 2, 0, ALL, 4, ALL],
  },
  'round-chosen-chacha': {
    seed: 112,
    description:
      'Active, the chosen graph with three holders, suite chacha, in slices; of nine clients one never comes, one drops out after its keys, and one that has shared its secrets has too few holders in U2 and is left out.',
    parameters: {
      ...DEFAULTS,
      adversary: 'active',
      suite: 'chacha',
      clients: 9,
      neighbors: 3,
      threshold: 2,
      minimumCohort: 4,
      signatureLength: 64,
      sliceLength: 64,
      segments: [{ length: 66, bits: 7, bound: 'modular' }],
    },
    sends: [ALL, ALL, 1, ALL, ALL, ALL, 0, ALL, ALL],
  },
  ...HYBRID_SCENARIOS,
}
