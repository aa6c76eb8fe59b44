import type { PhaseName } from 'secagg'
import { choosesHolders, type RoundSetup } from './setup.js'

/** A phase of the protocol: the paper's name for it, and what happens in it. */
export interface StepText {
  readonly number: number
  readonly name: string
  readonly sentence: string
  /** What the clients have just sent, for the log. */
  readonly sent: string
  /** What a client has to send. */
  readonly message: string
}

export const STEPS: Readonly<Record<PhaseName, StepText>> = {
  'advertise-keys': {
    number: 0,
    name: 'AdvertiseKeys',
    sentence:
      'Every client makes two fresh key pairs and sends the public keys. Others use the first to encrypt shares for it, and the second to agree on masks with it.',
    sent: 'sent two public keys each',
    message: 'keys',
  },
  'share-keys': {
    number: 1,
    name: 'ShareKeys',
    sentence:
      'Every client splits two secrets into shares: its private mask key and the seed of its self-mask. Any t shares recover a secret. Every neighbor gets one encrypted share of each.',
    sent: 'sent encrypted shares of two secrets to their neighbors, through the server',
    message: 'shares',
  },
  'masked-input': {
    number: 2,
    name: 'MaskedInputCollection',
    sentence:
      'Every client adds its self-mask to its picture, and one pairwise mask for each neighbor: one of the two adds it, the other subtracts it. The masked picture looks like noise.',
    sent: 'sent masked pictures',
    message: 'masked picture',
  },
  'consistency-check': {
    number: 3,
    name: 'ConsistencyCheck',
    sentence:
      'The server sends the list of clients whose pictures it has. Every client signs the list, and continues only if t clients have signed the same one.',
    sent: 'signed the list of survivors',
    message: 'signature',
  },
  unmasking: {
    number: 4,
    name: 'Unmasking',
    sentence:
      'The clients reveal shares: of the self-mask seed for each client whose picture arrived, and of the mask key for each client that dropped out earlier, but never of both. With t shares of each secret, the server removes the masks that did not cancel, and the sum appears.',
    sent: 'revealed one share for each client: of its seed, or of its key if it dropped out',
    message: 'revealed shares',
  },
}

/** What is different where every client chooses its own holders. */
const CHOSEN_STEPS: Partial<Readonly<Record<PhaseName, Partial<StepText>>>> = {
  'advertise-keys': {
    sentence:
      'Every client makes two fresh key pairs, draws a random seed, and signs them together. The seed determines which holders the client has chosen. The server can compute the choice, but cannot change it.',
    sent: 'sent two public keys and the seed of their choice each',
  },
  'share-keys': {
    sentence:
      'Every client splits two secrets into shares: its private mask key and the seed of its self-mask. Any t shares recover a secret. Only the holders that the client has chosen get encrypted shares (arrows).',
    sent: 'sent encrypted shares of two secrets to their holders, through the server',
  },
  'masked-input': {
    sentence:
      'Every client adds its self-mask to its picture, and one pairwise mask for each line: with its holders, and with the clients that have chosen it. It also signs with which holders it has masked. The masked picture looks like noise.',
    sent: 'sent masked pictures, and signed with which holders they have masked',
  },
  'consistency-check': {
    sentence:
      'The server tells every holder which of the clients that have chosen it are alive, and proves it with their signatures. The holder acknowledges them, and will never reveal a share of their mask keys. A client continues only if t of its own holders acknowledge it.',
    sent: 'acknowledged the clients that have chosen them and are alive',
    message: 'acknowledgements',
  },
}

/** The text of a phase, for what the visitor has chosen. */
export function stepText(phase: PhaseName, setup: RoundSetup): StepText {
  return choosesHolders(setup) ? { ...STEPS[phase], ...CHOSEN_STEPS[phase] } : STEPS[phase]
}

/** What the visitor's choices mean. */
export function explanationOf(setup: RoundSetup): string {
  const { server, adversary, graph } = setup
  const active = adversary === 'active'
  if (server === 'invented-clients') {
    return `The server gives client 0 its own keys instead of the keys of all other clients (dotted line). ${
      active
        ? 'Keys are signed with identities that the clients know beforehand, so client 0 will notice.'
        : 'In the honest-but-curious model, keys are not signed. Nothing protects client 0, because the model assumes that the server follows the protocol.'
    }`
  }
  if (server === 'two-stories' && choosesHolders(setup)) {
    return 'The server tells some of the holders of client 0 that it is still there, and the others that it dropped out. It wants shares of both secrets of client 0. But each holder gives a share of one secret only, so neither secret gets t shares; and client 0, acknowledged by fewer than t of its holders, does not continue.'
  }
  if (server === 'two-stories') {
    return `The server tells some clients that client 0 is still there and others that it dropped out. A client with a red ring helps the server and answers both. The server wants shares of both secrets of client 0. ${
      active
        ? 'The clients sign what they were told, so they will notice.'
        : 'In the honest-but-curious model, nobody compares. Nothing protects client 0, because the model assumes that the server follows the protocol.'
    }`
  }
  if (choosesHolders(setup)) {
    return 'The server may lie, so it must not choose who holds whose shares. Every client draws its own holders at random (arrows), which keeps rounds with thousands of clients cheap. With this few clients, the graph is only an illustration: in practice, the library’s parameter chooser computes numbers that are proven to suffice.'
  }
  if (graph === 'sparse') {
    return 'The server places the clients on a ring in random order. Each client’s neighbors are the nearest on the ring, which keeps rounds with thousands of clients cheap. With this few clients, the ring is only an illustration: in practice, the library’s parameter chooser computes a number of neighbors that is proven to suffice.'
  }
  return active
    ? 'The server may lie. Every client has a signing key that the others know beforehand, and in a fifth phase the clients compare what they were told.'
    : 'The server follows the protocol but tries to learn more. Every client shares a mask with every other client.'
}
