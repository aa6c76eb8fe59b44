import type { RoundName } from 'secagg'
import type { RoundSetup } from './setup.js'

/** A step of the protocol: the paper's name for it, and what happens in it. */
export interface StepText {
  readonly number: number
  readonly name: string
  readonly sentence: string
  /** What the clients have just sent, as the log has it. */
  readonly sent: string
  /** What a client has to send. */
  readonly message: string
}

export const STEPS: Readonly<Record<RoundName, StepText>> = {
  'advertise-keys': {
    number: 0,
    name: 'AdvertiseKeys',
    sentence:
      'Every client makes two fresh pairs of keys and sends the public halves: one key will seal shares for it, the other will agree on masks.',
    sent: 'sent two public keys each',
    message: 'keys',
  },
  'share-keys': {
    number: 1,
    name: 'ShareKeys',
    sentence:
      'Every client cuts its secret mask key and the seed of a mask of its own into shares, of which any t give the secret back, and sends one of each, sealed, to every neighbor.',
    sent: 'sent sealed shares of two secrets to their neighbors, through the server',
    message: 'shares',
  },
  'masked-input': {
    number: 2,
    name: 'MaskedInputCollection',
    sentence:
      'Every client adds its own mask to its picture, and one mask for each neighbor, which one of the two adds and the other subtracts; what it sends is noise.',
    sent: 'sent masked pictures',
    message: 'masked picture',
  },
  'consistency-check': {
    number: 3,
    name: 'ConsistencyCheck',
    sentence:
      'The server says whose pictures it has; every client signs that list, and goes on only if t clients have signed the same.',
    sent: 'signed the list of survivors',
    message: 'signature',
  },
  unmasking: {
    number: 4,
    name: 'Unmasking',
    sentence:
      'Of those who stayed, clients reveal shares of the own mask’s seed, of those who left, shares of the mask key, never both; with t of each the server removes the masks that have not cancelled, and the sum appears.',
    sent: 'revealed one share for each client: of the seed, or of the key where it has left',
    message: 'shares revealed',
  },
}

/** What the visitor's choices mean. */
export function explanationOf({ server, adversary, graph }: RoundSetup): string {
  const active = adversary === 'active'
  if (server === 'invented-clients') {
    return `The server replaces everybody else’s keys for client 0 by keys of its own: the dotted line. ${
      active
        ? 'Keys are signed by identities that the clients know beforehand, and client 0 will notice.'
        : 'In the honest-but-curious model keys are not signed. Nothing protects client 0: the model supposes that the server follows the protocol.'
    }`
  }
  if (server === 'two-stories') {
    return `The server tells some clients that client 0 has stayed and others that it has left, and a client that helps it, with a red ring, answers both. It is after shares of both secrets of client 0. ${
      active
        ? 'The clients sign what they were told, and will notice.'
        : 'In the honest-but-curious model nobody compares. Nothing protects client 0: the model supposes that the server follows the protocol.'
    }`
  }
  if (graph === 'sparse') {
    return 'The server draws the clients on a ring in random order; each has its nearest as neighbors, so that a cohort of thousands stays cheap. With so few clients as here that is for looking at; the library’s chooser says how many neighbors are proven to do.'
  }
  return active
    ? 'The server may lie. Every client has a signing key that the others know beforehand, and there is a fifth step, in which they compare what they were told.'
    : 'The server follows the protocol and would like to know more. Every client shares a mask with every other.'
}
