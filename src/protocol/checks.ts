import { reading, shown, wrongKind } from '../arguments.js'
import { equalBytes, isBytes } from '../crypto/bytes.js'
import { type Digest, digestOf } from '../crypto/digest.js'
import { isAcceptablePublicKey } from '../crypto/encodings.js'
import {
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  type PhaseName,
  SecAggError,
  usageError,
} from '../errors.js'
import { choiceLength } from '../graph/index.js'
import type { PublicKeys } from '../wire/index.js'
import type { RoundConfig } from './config.js'

/** Who is to blame for a violation of the protocol, and the phase in which it was found. */
export interface Blame {
  readonly fault: Fault
  readonly phase: PhaseName
  readonly culprits: readonly number[]
  readonly concerning: readonly number[]
}

/** The server blames the client at `seat`, which sent the message itself. */
export function blamePeer(phase: PhaseName, seat: number): Blame {
  return { fault: 'peer', phase, culprits: [seat], concerning: [] }
}

/**
 * A client blames the server. The clients in `concerning` are not blamed: the server may have invented what it says about
 * them, and if it did not, it should have refused their messages.
 */
export function blameServer(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'server', phase, culprits: [], concerning }
}

/** Too few clients are left, and no particular client is to blame. */
export function blameNobody(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'peer', phase, culprits: [], concerning }
}

/** The error for a violation of the protocol. */
export function violation(
  code: ErrorCode,
  blame: Blame,
  message: string,
  details: ErrorDetails = {},
): SecAggError {
  return new SecAggError(code, blame.fault, message, { ...blame, ...details })
}

/** A state of either party. Its name tells which one it is. */
interface State {
  readonly state: string
  readonly config: RoundConfig
}

/** Checks that `state` is of one of these kinds, for callers without a compiler and for states from disk. */
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

/** Checks that this is a configuration from `createRoundConfig`, and not the bare parameters. */
export function requireConfig(config: RoundConfig): void {
  const hash = reading('a config', () => config?.hash)
  if (isBytes(hash) && Array.isArray(config.segments)) return
  throw usageError('invalid-argument', 'the config of a round must come from createRoundConfig', {
    got: shown(config),
  })
}

/** @throws {SecAggError} `invalid-argument` if this is not a number. Whether such a seat exists is checked later. */
export function requireSeatNumber(seat: unknown): void {
  if (typeof seat !== 'number') throw wrongKind('a seat', 'a number', seat)
}

/** Checks that the seats are whole numbers below `clients`, distinct and ascending. */
export function requireCanonicalSeats(
  seats: readonly number[],
  clients: number,
  code: ErrorCode,
  blame: Blame,
): void {
  // By index, because a callback would skip holes, which a list from a caller without types can have.
  for (let index = 0; index < seats.length; index++) {
    const seat = seats[index]!
    if (!Number.isInteger(seat) || seat < 0 || seat >= clients) {
      throw violation(code, blame, `there is no seat ${seat}`, { got: seat })
    }
    if (index > 0 && seats[index - 1]! >= seat) {
      throw violation(code, blame, `seat ${seat} occurs twice or out of order`, { got: seat })
    }
  }
}

/** What the clients in each set of the paper have done. */
const DONE = {
  U1: 'sent keys',
  U2: 'sent shares of their secrets',
  U3: 'sent masked vectors',
  U4: 'signed the list of survivors',
  U5: 'revealed shares',
} as const

/** Checks that at least `minimum` clients are in this set of the paper. */
export function requireEnough(count: number, minimum: number, set: keyof typeof DONE, blame: Blame): void {
  if (count >= minimum) return
  const clients = count === 1 ? 'client has' : 'clients have'
  const claim = blame.fault === 'server' ? 'according to the server ' : ''
  const text = `${claim}only ${count} ${clients} ${DONE[set]}, but ${minimum} are needed (${set})`
  throw violation('too-few-clients', blame, text, { expected: minimum, got: count })
}

/** Checks that the configuration of the sender has the same hash. */
export function requireSameConfiguration(config: RoundConfig, hash: Uint8Array, blame: Blame): void {
  if (equalBytes(hash, config.hash)) return
  const text =
    'the sender has a different configuration of the round, such as another adversary model, key agreement or context'
  throw violation('configuration-mismatch', blame, text)
}

/** Checks that all keys are acceptable, and that those of the same kind differ. */
export function requirePublicKeys(
  { graph }: RoundConfig,
  keys: Omit<PublicKeys, 'signature'>,
  blame: Blame,
  hybrid: { areKemKeys(keys: Partial<PublicKeys>): boolean } | undefined,
): void {
  if (!isAcceptablePublicKey(keys.cipherKey) || !isAcceptablePublicKey(keys.maskKey)) {
    throw violation('invalid-public-key', blame, 'a public key is of low order or not canonical')
  }
  if (hybrid?.areKemKeys(keys) === false) {
    throw violation(
      'invalid-public-key',
      blame,
      'a key of ML-KEM-768 fails the checks of FIPS 203, section 7.2',
    )
  }
  const { cipherKemKey, maskKemKey } = keys
  if (
    equalBytes(keys.cipherKey, keys.maskKey) ||
    (cipherKemKey !== undefined && maskKemKey !== undefined && isSame(cipherKemKey, maskKemKey))
  ) {
    throw violation('duplicate-key', blame, 'the two public keys of a client must differ')
  }
  // A decoded message always has the right length. Keys that a caller of single steps has built may not.
  if ((keys.choice?.length ?? 0) !== choiceLength(graph)) {
    throw violation('malformed-message', blame, 'the seed of a choice of holders has the wrong length')
  }
}

/** Public keys need no comparison in constant time. Those that differ nearly always do so in the first byte. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

/** The keys of a client that nobody else may have. */
type ClientKeys = Pick<PublicKeys, 'cipherKey' | 'maskKey' | 'cipherKemKey' | 'maskKemKey'>

/** Finds keys and identities that occur twice, at any seat and for any purpose. */
export class DistinctKeys {
  readonly #digest: Digest
  readonly #keyOwners = new Map<string, number>()
  readonly #identityOwners = new Map<string, number>()

  /** `digest`: by which keys of ML-KEM-768 are compared, because they are long. */
  constructor(digest: Digest = digestOf) {
    this.#digest = digest
  }

  /** Returns the seat that already has one of these keys or this identity. If there is none, notes them for this seat. */
  claim(
    seat: number,
    { cipherKey, maskKey, cipherKemKey, maskKemKey }: ClientKeys,
    identity: string | undefined,
  ): { code: 'duplicate-key' | 'duplicate-identity'; owner: number } | undefined {
    const keys = [textOf(cipherKey), textOf(maskKey)]
    if (cipherKemKey !== undefined) keys.push(textOf(this.#digest(cipherKemKey)))
    if (maskKemKey !== undefined) keys.push(textOf(this.#digest(maskKemKey)))
    for (const key of keys) {
      const keyOwner = this.#keyOwners.get(key)
      if (keyOwner !== undefined) return { code: 'duplicate-key', owner: keyOwner }
    }
    const identityOwner = identity === undefined ? undefined : this.#identityOwners.get(identity)
    if (identityOwner !== undefined) return { code: 'duplicate-identity', owner: identityOwner }
    for (const key of keys) this.#keyOwners.set(key, seat)
    if (identity !== undefined) this.#identityOwners.set(identity, seat)
    return undefined
  }
}

function textOf(key: Uint8Array): string {
  return String.fromCharCode.apply(undefined, key as unknown as number[])
}

/**
 * Checks that no other client has one of this client's keys or its identity, and notes them.
 *
 * @throws {SecAggError} With fault `peer`: `duplicate-key`, without a culprit; `duplicate-identity`.
 */
export function requireDistinct(
  distinct: DistinctKeys,
  client: {
    readonly seat: number
    readonly keys: ClientKeys
    readonly identity: string | undefined
  },
): void {
  const { seat, keys, identity } = client
  const clash = distinct.claim(seat, keys, identity)
  if (clash === undefined) return
  if (clash.code === 'duplicate-key') {
    // No culprit: either client may have copied the other's key, and the copy may have arrived first.
    const blame = blameNobody('advertise-keys', seat, clash.owner)
    throw violation(clash.code, blame, `seat ${seat} uses a key of seat ${clash.owner}`)
  }
  const blame = { ...blamePeer('advertise-keys', seat), concerning: [clash.owner] }
  throw violation(clash.code, blame, `seat ${seat} uses the identity of seat ${clash.owner}`)
}
