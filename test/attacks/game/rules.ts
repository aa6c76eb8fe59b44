import type { DrawOptions } from './draw.js'

// The rules of the protocol that a game can be played without.

/** What a client checks and how, as far as the game knows of it. */
export interface Rules {
  /** Valid acknowledgements that u needs before it reveals anything. "enough" is k − t + c + 1 for c corrupt holders. */
  readonly acknowledgements: 'threshold' | 'one fewer' | 'enough' | 'none'
  /** Whose acknowledgements u counts: those of the holders that it has drawn, or of any seat. */
  readonly counted: 'holders' | 'any seat'
  /** Whether several acknowledgements of one seat count once. */
  readonly distinct: boolean
  /** Which agreement the key of an acknowledgement is derived from: that of the sealing keys, or of the keys s that are shared. */
  readonly acknowledgementKey: 'sealing' | 'masking'
  /** Whether the acknowledgement of u for v differs from that of v for u. */
  readonly directed: boolean
  /** The statement in which v says with which of its holders it has masked. */
  readonly included: 'signed' | 'unsigned' | 'none'
  /** Whether a signature covers v's seed: that of its keys, that of the statement, or both. */
  readonly seedSigned: 'both' | 'keys' | 'statement' | 'neither'
  /** Whether v's signature covers its public keys. */
  readonly keysSigned: boolean
  /** Who gets shares: those whom the owner has drawn, or also those who have drawn the owner. */
  readonly shareholders: 'drawn' | 'drawn, and who drew'
  /** Whether the holder fixes who is alive before it acknowledges, and reveals shares for no other division. */
  readonly decidedOnce: boolean
  /** Whether a client masks its input once, even if it resumes. */
  readonly maskedOnce: boolean
  /** Whether a client draws its holders once for its secrets, even if it crashes. */
  readonly drawnOnce: boolean
  /** Whether clients stop if fewer than t of their holders are in U1 or U2. */
  readonly enoughHolders: boolean
  /** Whether a holder treats as an owner only the client whose ciphertext opens. */
  readonly opened: boolean
  /** Whether shares of s are also kept back until the acknowledgements are there, and not only shares of b. */
  readonly bothWait: boolean
}

export const ALL_RULES: Rules = {
  acknowledgements: 'threshold',
  counted: 'holders',
  distinct: true,
  acknowledgementKey: 'sealing',
  directed: true,
  included: 'signed',
  seedSigned: 'both',
  keysSigned: true,
  shareholders: 'drawn',
  decidedOnce: true,
  maskedOnce: true,
  drawnOnce: true,
  enoughHolders: true,
  opened: true,
  bothWait: true,
}

/** A game with other rules or other draws. */
export interface Variant extends Partial<DrawOptions> {
  readonly rules?: Partial<Rules>
  /** The events that must hold on a graph for it to be played on; both unless stated. */
  readonly given?: readonly ('e1' | 'e2')[]
  /**
   * What counts as a break. By default, what contradicts the claim. Or only a small sum of a set that is not closed,
   * which is not the fault of E2. Or what contradicts any step of the argument.
   */
  readonly judged?: 'claim' | 'closed sets' | 'argument'
}

/** The protocol as it is. */
export const PROTOCOL: Variant = { given: ['e1'], judged: 'argument' }

/** Without any one of these, the server learns more than is claimed. */
export const WEAKENINGS: Readonly<Record<string, Variant>> = {
  'no acknowledgements': { rules: { acknowledgements: 'none' } },
  'one acknowledgement too few': { rules: { acknowledgements: 'one fewer' } },
  'acknowledgements of seats that are not holders': { rules: { counted: 'any seat' } },
  'one acknowledgement counted many times': { rules: { distinct: false } },
  'acknowledgements under keys from s': { rules: { acknowledgementKey: 'masking' } },
  'an acknowledgement sent back to who made it': { rules: { directed: false } },
  'acknowledgements used for another division into living and dead': { rules: { decidedOnce: false } },
  'no statement of included holders': { rules: { included: 'none' } },
  'an unsigned statement of included holders': { rules: { included: 'unsigned' } },
  'a statement about the holders of another seed': { rules: { seedSigned: 'neither' } },
  'keys that are not signed': { rules: { keysSigned: false } },
  'shares also to those who drew the owner': { rules: { shareholders: 'drawn, and who drew' } },
  'a second masked vector after a resume': { rules: { maskedOnce: false } },
  'holders drawn again for the same secrets': { rules: { drawnOnce: false } },
  'one identity at several seats': { clones: true },
  // Most small sets are closed then, so that E2 cannot hold.
  't = k/2': { margin: 't = k/2', given: [], judged: 'closed sets' },
  '2t = k + c': { margin: '2t = k + c', given: ['e2'] },
  'small closed sets': { given: ['e1'] },
}

/** Privacy does not rest on these: without them the claim still holds. */
export const RELAXATIONS: Readonly<Record<string, Variant>> = {
  'clients that go on with fewer than t holders': { ...PROTOCOL, rules: { enoughHolders: false } },
  'owners whose ciphertexts do not open': { ...PROTOCOL, rules: { opened: false } },
  'a seed that only the statement covers': { ...PROTOCOL, rules: { seedSigned: 'statement' } },
  'a seed that only the signature of the keys covers': { ...PROTOCOL, rules: { seedSigned: 'keys' } },
  'shares of s revealed without acknowledgements': { ...PROTOCOL, rules: { bothWait: false } },
  'k − t + c + 1 acknowledgements': { ...PROTOCOL, rules: { acknowledgements: 'enough' } },
  'all of these together': {
    ...PROTOCOL,
    rules: {
      enoughHolders: false,
      opened: false,
      seedSigned: 'statement',
      bothWait: false,
      acknowledgements: 'enough',
    },
  },
}
