import { isPromise, partsOf, requireMethods, requireObject, wrongKind } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { isBytes, plainBytes } from './bytes.js'
import type {
  CryptoProvider,
  HashSuite,
  KeyAgreement,
  Keystream,
  SignatureScheme,
  SuiteName,
  SymmetricSuite,
} from './provider.js'

// The caller may write a provider. Missing parts are found before a round begins. If a provider's method throws, or returns
// something that breaks its contract, the caller gets a SecAggError with fault `crypto`. So nobody mistakes a broken provider
// for a defect of this library or for a peer's fault.

const KEY_LENGTHS: { readonly [name in SuiteName]: number } = { aes: 16, chacha: 32 }
const TAG_LENGTH = 16

/** The wrapper of each wrapped object. A wrapper is its own wrapper, so that nothing is wrapped twice. */
const wrappers = new WeakMap<object, object>()

/**
 * Wraps a provider in checks of its results. The same provider always gets the same wrapper.
 *
 * The wrapper's methods throw `crypto-failure` if the provider's method throws an error other than a `SecAggError`, which
 * becomes the cause, or if it returns an invalid result. For `randomBytes` the code is `no-randomness`.
 *
 * @throws {SecAggError} `invalid-argument` if the provider lacks a part.
 */
export function dependableProvider(crypto: CryptoProvider): CryptoProvider {
  return remembered(crypto, 'a crypto provider', () => {
    requireMethods('a crypto provider', crypto, 'randomBytes')
    const { name } = crypto
    if (typeof name !== 'string') throw wrongKind('the name of a crypto provider', 'a string', name)
    const suites: { [suite in SuiteName]?: SymmetricSuite } = {}
    const given = partsOf('suites of a crypto provider', crypto.suites)
    for (const suite of ['aes', 'chacha'] as const) {
      if (given[suite] === undefined) continue
      suites[suite] = dependableSuite(given[suite])
      if (suites[suite].keyLength !== KEY_LENGTHS[suite]) {
        throw usageError(
          'invalid-argument',
          `the keyLength of the suite ${suite} of a crypto provider must be ${KEY_LENGTHS[suite]}`,
        )
      }
    }
    return {
      name,
      randomBytes: dependableRandom(crypto),
      x25519: dependableAgreement(crypto.x25519),
      ed25519: dependableSignatures(crypto.ed25519),
      sha256: dependableHashes(crypto.sha256),
      suites,
      // Checked by the code that uses them, which comes with `withPostQuantum`.
      mlKem768: crypto.mlKem768,
      hybrid: crypto.hybrid,
    }
  })
}

/** Wraps `randomBytes` alone, for code that needs nothing else of a provider. */
export function dependableRandom(crypto: Pick<CryptoProvider, 'randomBytes'>): CryptoProvider['randomBytes'] {
  requireMethods('a crypto provider', crypto, 'randomBytes')
  return (length) => {
    try {
      const bytes = crypto.randomBytes(length)
      if (isBytes(bytes) && bytes.length === length) return bytes
    } catch (cause) {
      throw ownOr(
        new SecAggError('no-randomness', 'crypto', 'randomBytes of a crypto provider failed', { cause }),
      )
    }
    throw new SecAggError(
      'no-randomness',
      'crypto',
      `randomBytes of a crypto provider did not return ${length} bytes`,
    )
  }
}

/** @throws {SecAggError} `invalid-argument` if `ed25519` lacks a method. */
export function dependableSignatures(ed25519: SignatureScheme): SignatureScheme {
  return remembered(ed25519, 'ed25519 of a crypto provider', (what) => {
    requireMethods(what, ed25519, 'publicKey', 'sign', 'verify')
    return {
      publicKey: guarded('ed25519.publicKey', (key) => ed25519.publicKey(key), hasLength(32)),
      sign: guarded('ed25519.sign', (key, message) => ed25519.sign(key, message), hasLength(64)),
      verify: guarded(
        'ed25519.verify',
        (key, message, signature) => ed25519.verify(key, message, signature),
        (result) => typeof result === 'boolean',
      ),
    }
  })
}

/**
 * Wraps only the part of a suite that masks need.
 * @throws {SecAggError} `invalid-argument` if `suite` lacks one of these properties.
 */
export function dependableKeystreams(
  suite: Pick<SymmetricSuite, 'keyLength' | 'keystream'>,
): Pick<SymmetricSuite, 'keyLength' | 'keystream'> {
  const what = 'a suite of a crypto provider'
  requireMethods(what, suite, 'keystream')
  const { keyLength } = suite
  if (keyLength !== 16 && keyLength !== 32) {
    throw usageError('invalid-argument', `the keyLength of ${what} must be 16 or 32`)
  }
  return {
    keyLength,
    keystream: (seed, offset) =>
      dependableKeystream(attempt('keystream', () => suite.keystream(seed, offset))),
  }
}

function dependableSuite(suite: SymmetricSuite): SymmetricSuite {
  return remembered(suite, 'a suite of a crypto provider', (what) => {
    requireMethods(what, suite, 'seal', 'open')
    return {
      ...dependableKeystreams(suite),
      seal: guarded(
        'seal',
        (key, associatedData, plaintext) => suite.seal(key, associatedData, plaintext),
        (sealed, [, , plaintext]) => hasLength(plaintext.length + TAG_LENGTH)(sealed),
      ),
      open: guarded(
        'open',
        (key, associatedData, sealed) => suite.open(key, associatedData, sealed),
        (opened, [, , sealed]) => opened === undefined || hasLength(sealed.length - TAG_LENGTH)(opened),
      ),
    }
  })
}

function dependableAgreement(x25519: KeyAgreement): KeyAgreement {
  return remembered(x25519, 'x25519 of a crypto provider', (what) => {
    requireMethods(what, x25519, 'publicKey', 'sharedSecrets')
    return {
      publicKey: guarded('x25519.publicKey', (key) => x25519.publicKey(key), hasLength(32)),
      sharedSecrets: guarded(
        'x25519.sharedSecrets',
        (key, publicKeys) => x25519.sharedSecrets(key, publicKeys),
        (secrets, [, publicKeys]) =>
          Array.isArray(secrets) &&
          secrets.length === publicKeys.length &&
          secrets.every((secret) => secret === undefined || hasLength(32)(secret)),
      ),
    }
  })
}

function dependableHashes(sha256: HashSuite): HashSuite {
  return remembered(sha256, 'sha256 of a crypto provider', (what) => {
    requireMethods(what, sha256, 'hmac', 'hkdf')
    return {
      hmac: guarded('sha256.hmac', (key, message) => sha256.hmac(key, message), hasLength(32)),
      hkdf: guarded(
        'sha256.hkdf',
        (secret, salt, info, length) => sha256.hkdf(secret, salt, info, length),
        (derived, [, , , length]) => hasLength(length)(derived),
      ),
    }
  })
}

/** The lengths of pieces are not checked here; the code that reads the keystream checks them. */
function dependableKeystream(stream: Keystream): Keystream {
  if (typeof stream?.next !== 'function') throw broken('keystream')
  const { chacha20Key } = stream
  return {
    ...(stream.fill !== undefined && {
      fill: (piece) => attempt('keystream.fill', () => stream.fill?.(piece)),
    }),
    next: (length) => {
      const piece = attempt('keystream.next', () => stream.next(length))
      return isPromise(piece)
        ? piece.then(undefined, (cause: unknown): never => fail('keystream.next', cause))
        : piece
    },
    release: (piece) => stream.release?.(piece),
    ...(Number.isSafeInteger(stream.ahead) && { ahead: stream.ahead! }),
    ...(chacha20Key === undefined ? {} : { chacha20Key }),
  }
}

/** A method that awaits the provider's method and checks the result with `isValid`. */
export function guarded<A extends readonly unknown[], T>(
  name: string,
  method: (...args: A) => Promise<T>,
  isValid: (result: unknown, args: A) => boolean,
): (...args: A) => Promise<T> {
  return async (...args) => {
    let result: T
    try {
      result = await method(...args)
    } catch (cause) {
      return fail(name, cause)
    }
    if (!isValid(result, args)) throw broken(name)
    return plain(result)
  }
}

/** Bytes as this realm's Uint8Array: a provider may return a Node Buffer, whose `slice` shares memory that is wiped later. */
function plain<T>(result: T): T {
  if (Array.isArray(result)) return result.map(plain) as T
  return isBytes(result) ? (plainBytes(result) as T) : result
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    return fail(name, cause)
  }
}

function fail(name: string, cause: unknown): never {
  throw ownOr(new SecAggError('crypto-failure', 'crypto', `${name} of a crypto provider failed`, { cause }))
}

/** The cause of `error` if the cause is an error of this library, otherwise `error`. */
function ownOr(error: SecAggError): SecAggError {
  return error.cause instanceof SecAggError ? error.cause : error
}

function broken(name: string): SecAggError {
  return new SecAggError(
    'crypto-failure',
    'crypto',
    `${name} of a crypto provider returned an invalid result`,
  )
}

export function hasLength(length: number): (bytes: unknown) => boolean {
  return (bytes) => isBytes(bytes) && bytes.length === length
}

export function remembered<T extends object>(given: T, what: string, make: (what: string) => T): T {
  requireObject(what, given)
  const known = wrappers.get(given)
  if (known !== undefined) return known as T
  const wrapper = make(what)
  wrappers.set(given, wrapper).set(wrapper, wrapper)
  return wrapper
}
