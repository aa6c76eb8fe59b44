import { partsOf, reading, requireArray, requireFunction, requireObject, wrongKind } from '../arguments.js'
import { isBytes, requireBytes } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
import type { SecretSplitter } from '../shamir/split.js'
import type { Signer, VerifyIdentity } from './identity.js'

/**
 * The functions that the caller provides to the steps of a client: randomness, cryptographic primitives and, in the active
 * model, signatures.
 * @public
 */
export interface ClientCapabilities {
  readonly crypto: CryptoProvider
  readonly splitSecret: SecretSplitter
  /** Active model only. */
  readonly signer?: Signer | undefined
  /** Active model only. */
  readonly verifyIdentity?: VerifyIdentity | undefined
}

/**
 * The functions that the caller provides to the steps of the server.
 * @public
 */
export interface ServerCapabilities {
  readonly crypto: CryptoProvider
  /** Active model only. */
  readonly verifyIdentity?: VerifyIdentity | undefined
}

/** A copy of the capabilities, so that each property is read only once. */
export function capable<C extends Partial<ClientCapabilities>>(capabilities: C): C {
  return partsOf('the capabilities of a step', capabilities)
}

/** The crypto provider, wrapped so that everything it returns is checked. */
export function cryptoOf(capabilities: { readonly crypto: CryptoProvider }): CryptoProvider {
  const what = 'the capabilities of a step'
  requireObject(what, capabilities)
  return dependableProvider(reading(what, () => capabilities.crypto))
}

/**
 * The splitter, wrapped so that it must return one share for each holder, each as long as the secret.
 * @throws {SecAggError} `invalid-argument` if it is not a function. The wrapped splitter throws `crypto-failure`.
 */
export function splitterOf(capabilities: { readonly splitSecret: SecretSplitter }): SecretSplitter {
  const { splitSecret } = capable(capabilities)
  requireFunction('splitSecret', splitSecret)
  return async (secret, threshold, holders) => {
    let shares: readonly Uint8Array[]
    try {
      shares = await splitSecret(secret, threshold, holders)
    } catch (cause) {
      if (cause instanceof SecAggError) throw cause
      throw new SecAggError('crypto-failure', 'crypto', 'splitSecret failed', { cause })
    }
    const isShare = (share: unknown): boolean => isBytes(share) && share.length === secret.length
    if (Array.isArray(shares) && shares.length === holders && shares.every(isShare)) return shares
    throw new SecAggError(
      'crypto-failure',
      'crypto',
      'splitSecret must return one share for each holder, each as long as the secret',
    )
  }
}

// A caller of single steps must pass values of the declared types; these functions check that. The steps check the contents,
// and blame the peer that sent them.

/** Throws if a value does not have the form. */
type Shape = (what: string, value: unknown) => void

const bytes: Shape = requireBytes

const number: Shape = (what, value) => {
  if (typeof value !== 'number') throw wrongKind(what, 'a number', value)
}

const text: Shape = (what, value) => {
  if (typeof value !== 'string') throw wrongKind(what, 'a string', value)
}

function optional(shape: Shape): Shape {
  return (what, value) => {
    if (value !== undefined) shape(what, value)
  }
}

function list(item: Shape): Shape {
  return (what, value) => {
    requireArray(what, value)
    // By index, so that a hole in the list is not skipped.
    for (let index = 0; index < value.length; index++) item(`entry ${index} of ${what}`, value[index])
  }
}

function parts(shapes: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(shapes)
  return (what, value) => {
    requireObject(what, value)
    for (const [name, shape] of entries) shape(`${name} of ${what}`, value[name as keyof typeof value])
  }
}

const seated = (value: Shape): Shape => list(parts({ seat: number, value }))
const inclusion = parts({ holders: bytes, signature: bytes })
const publicKeys = {
  cipherKey: bytes,
  maskKey: bytes,
  choice: optional(bytes),
  cipherKemKey: optional(bytes),
  maskKemKey: optional(bytes),
  signature: bytes,
}

type ShapeName =
  | 'seats'
  | 'digest'
  | 'signature'
  | `${'AdvertiseKeys' | 'PublishedKeys' | 'ShareKeys' | 'ForwardedShares' | 'Survivors'} message`
  | `${'ConsistencySignatures' | 'Unmasking' | 'LivingOwners' | 'Acknowledgements'} message`
  | 'inclusion'
  | 'Complaint message'
  | `list of ${'complaints' | 'proofs' | `accepted ${'keys' | 'shares' | 'signatures' | 'answers' | 'acknowledgements'}`}`

const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  seats: list(number),
  signature: bytes,
  digest: bytes,
  'AdvertiseKeys message': parts({ configurationHash: bytes, ...publicKeys }),
  'PublishedKeys message': seated(parts(publicKeys)),
  'ShareKeys message': parts({ commitment: bytes, ciphertexts: bytes }),
  'ForwardedShares message': seated(bytes),
  'Survivors message': list(number),
  'ConsistencySignatures message': seated(bytes),
  'Unmasking message': seated(bytes),
  'LivingOwners message': seated(inclusion),
  'Acknowledgements message': seated(bytes),
  inclusion,
  'Complaint message': list(number),
  'list of complaints': list(parts({ seat: number, senders: list(number) })),
  'list of accepted keys': list(parts({ seat: number, keys: parts(publicKeys), identity: optional(text) })),
  'list of accepted shares': list(parts({ seat: number, commitment: bytes, ciphertexts: bytes })),
  'list of accepted signatures': list(parts({ seat: number, signature: bytes })),
  'list of proofs': list(parts({ seat: number, inclusion })),
  'list of accepted acknowledgements': list(parts({ seat: number, acknowledgements: seated(bytes) })),
  'list of accepted answers': list(parts({ seat: number, shares: seated(bytes) })),
}

/** @throws {SecAggError} `invalid-argument` if `value` does not have the form called `name`. */
export function requireShape(name: ShapeName, value: unknown): void {
  const what = `the ${name}`
  reading(what, () => SHAPES[name](what, value))
}
