import { reading, shown, wrongKind } from '../arguments.js'
import { equalBytes, isBytes } from '../crypto/bytes.js'
import { isAcceptablePublicKey } from '../crypto/encodings.js'
import {
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  type PhaseName,
  SecAggError,
  usageError,
} from '../errors.js'
import type { RoundConfig } from './config.js'

/** Who answers for a violation of the protocol, and in which round it came to light. */
export interface Blame {
  readonly fault: Fault
  readonly phase: PhaseName
  readonly culprits: readonly number[]
  readonly concerning: readonly number[]
}

/** What a server holds against the client at `seat`, whose message it got from that client itself. */
export function blamePeer(phase: PhaseName, seat: number): Blame {
  return { fault: 'peer', phase, culprits: [seat], concerning: [] }
}

/**
 * What a client holds against the server. The clients that the server speaks of are not to blame: it may have made up
 * what it says of them, and it should have refused them if it did not.
 */
export function blameServer(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'server', phase, culprits: [], concerning }
}

/** Too few clients are left; nobody in particular is to blame. */
export function blameNobody(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'peer', phase, culprits: [], concerning }
}

/** The error for a broken rule of the protocol. */
export function violation(
  code: ErrorCode,
  blame: Blame,
  message: string,
  details: ErrorDetails = {},
): SecAggError {
  return new SecAggError(code, blame.fault, message, { ...blame, ...details })
}

/** A state of either party, told apart by its name. */
interface State {
  readonly state: string
  readonly config: RoundConfig
}

/** What the compiler ensures, for callers without one and states from disk: `state` is of the given kind. */
export function requireState<S extends State>(state: S, ...kinds: S['state'][]): void {
  const kind = reading('a state', () => state?.state)
  if (!kinds.includes(kind)) {
    throw usageError('out-of-order', `this step needs a state of the kind ${kinds.join(' or ')}`, {
      expected: kinds.join(' or '),
      got: typeof kind === 'string' ? kind.slice(0, 100) : shown(kind),
    })
  }
  requireConfig(state.config)
}

/** What rounds are made of has gone through `createRoundConfig`; its bare parameters have not. */
export function requireConfig(config: RoundConfig): void {
  const hash = reading('a config', () => config?.hash)
  if (isBytes(hash) && Array.isArray(config.segments)) return
  throw usageError('invalid-argument', 'a round has a config that createRoundConfig has made', {
    got: shown(config),
  })
}

/** @throws {SecAggError} `invalid-argument` for anything but a number; whether there is such a seat is checked later. */
export function requireSeatNumber(seat: unknown): void {
  if (typeof seat !== 'number') throw wrongKind('a seat', 'a number', seat)
}

/** Seats are whole numbers below `clients`, distinct and ascending. */
export function requireCanonicalSeats(
  seats: readonly number[],
  clients: number,
  code: ErrorCode,
  blame: Blame,
): void {
  // By index: a list with holes in it, which callers without types may bring, is not skipped over.
  for (let index = 0; index < seats.length; index++) {
    const seat = seats[index]!
    if (!Number.isInteger(seat) || seat < 0 || seat >= clients) {
      throw violation(code, blame, `there is no seat ${seat}`, { got: seat })
    }
    if (index > 0 && seats[index - 1]! >= seat) {
      throw violation(code, blame, `seat ${seat} is named twice or out of order`, { got: seat })
    }
  }
}

/** What the clients of each set of the paper have done. */
const DONE = {
  U1: 'sent keys',
  U2: 'sent shares of their secrets',
  U3: 'sent masked vectors',
  U4: 'signed the list of survivors',
  U5: 'revealed shares',
} as const

/** At least `least` clients are in this set of the paper. */
export function requireEnough(count: number, least: number, set: keyof typeof DONE, blame: Blame): void {
  if (count >= least) return
  const clients = count === 1 ? 'client has' : 'clients have'
  const claim = blame.fault === 'server' ? 'according to the server ' : ''
  const text = `${claim}only ${count} ${clients} ${DONE[set]}, and ${least} are needed (${set})`
  throw violation('too-few-clients', blame, text, { expected: least, got: count })
}

/** Refuses a client whose configuration has another hash. */
export function requireSameConfiguration(config: RoundConfig, hash: Uint8Array, blame: Blame): void {
  if (equalBytes(hash, config.hash)) return
  const text =
    'the sender has another configuration of the round, such as another adversary model, threshold or context'
  throw violation('configuration-mismatch', blame, text)
}

/** Two acceptable X25519 keys that differ. */
export function requirePublicKeys(
  keys: { readonly cipherKey: Uint8Array; readonly maskKey: Uint8Array },
  blame: Blame,
): void {
  if (!isAcceptablePublicKey(keys.cipherKey) || !isAcceptablePublicKey(keys.maskKey)) {
    throw violation('invalid-public-key', blame, 'a public key is of low order or not canonical')
  }
  if (equalBytes(keys.cipherKey, keys.maskKey)) {
    throw violation('duplicate-key', blame, 'the two public keys of a client must differ')
  }
}

/** Finds keys and identities that occur twice, at whatever seats and for whatever purpose. */
export class DistinctKeys {
  readonly #keyOwners = new Map<string, number>()
  readonly #identityOwners = new Map<string, number>()

  /** The seat that has one of these already and which of them it is; or takes note of them. */
  claim(
    seat: number,
    keys: { readonly cipherKey: Uint8Array; readonly maskKey: Uint8Array },
    identity: string | undefined,
  ): { code: 'duplicate-key' | 'duplicate-identity'; owner: number } | undefined {
    // One character a byte.
    const cipherKey = String.fromCharCode(...keys.cipherKey)
    const maskKey = String.fromCharCode(...keys.maskKey)
    const keyOwner = this.#keyOwners.get(cipherKey) ?? this.#keyOwners.get(maskKey)
    if (keyOwner !== undefined) return { code: 'duplicate-key', owner: keyOwner }
    const identityOwner = identity === undefined ? undefined : this.#identityOwners.get(identity)
    if (identityOwner !== undefined) return { code: 'duplicate-identity', owner: identityOwner }
    this.#keyOwners.set(cipherKey, seat).set(maskKey, seat)
    if (identity !== undefined) this.#identityOwners.set(identity, seat)
    return undefined
  }
}

/**
 * Refuses the client at `seat` where another has one of its keys or its identity; else takes note of them.
 *
 * @throws {SecAggError} fault `peer`: `duplicate-key`, without a culprit; `duplicate-identity`.
 */
export function requireDistinct(
  distinct: DistinctKeys,
  client: {
    readonly seat: number
    readonly keys: { readonly cipherKey: Uint8Array; readonly maskKey: Uint8Array }
    readonly identity: string | undefined
  },
): void {
  const { seat, keys, identity } = client
  const clash = distinct.claim(seat, keys, identity)
  if (clash === undefined) return
  if (clash.code === 'duplicate-key') {
    // Either may have copied the other's: the one that copies may well be first.
    const blame = blameNobody('advertise-keys', seat, clash.owner)
    throw violation(clash.code, blame, `seat ${seat} uses a key of seat ${clash.owner}`)
  }
  const blame = { ...blamePeer('advertise-keys', seat), concerning: [clash.owner] }
  throw violation(clash.code, blame, `seat ${seat} uses the identity of seat ${clash.owner}`)
}
