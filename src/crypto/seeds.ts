import { usageError } from '../errors.js'
import { concatBytes, wipe, wipeAll } from './bytes.js'
import type { CryptoProvider } from './provider.js'

/**
 * What the seeds of the masks between one client and several others are derived from.
 * @public
 */
export interface SeedRequest {
  /** The X25519 private key of the client, 32 bytes. */
  readonly privateKey: Uint8Array
  /** The X25519 public keys of the others, 32 bytes each. */
  readonly publicKeys: readonly Uint8Array[]
  readonly salt: Uint8Array
  /** One for each public key. */
  readonly infos: readonly Uint8Array[]
  /** The length of a seed in bytes. */
  readonly length: 16 | 32
  /** With hybrid key agreement: a second secret for each public key, 32 bytes. The agreement and this are the secret of HKDF. */
  readonly secrets?: readonly Uint8Array[] | undefined
}

/**
 * A function that derives seeds: HKDF-SHA-256 of each X25519 agreement, in the order of the public keys. A seed is
 * `undefined` if the public key is a point of low order.
 * @public
 */
export interface SeedDeriver {
  (
    request: SeedRequest,
    crypto: Pick<CryptoProvider, 'x25519' | 'sha256'>,
  ): Promise<(Uint8Array | undefined)[]>
  /** Whether it uses the `secrets` of a request. Otherwise it gets no requests that have them. */
  readonly usesSecrets?: boolean | undefined
}

/**
 * Throws unless there is one info, and if there are secrets one secret, for each public key. A secret that is missing or
 * shifted would give other seeds, without a sign of it.
 * @throws {SecAggError} `invalid-argument`.
 */
export function requireSeedRequest({ publicKeys, infos, secrets = publicKeys }: SeedRequest): void {
  const count = publicKeys.length
  const isRight = infos.length === count && secrets.length === count
  if (!isRight || [...publicKeys, ...secrets].some(({ length }) => length !== 32))
    throw usageError('invalid-argument', 'the keys, infos and secrets for seeds do not match')
}

/**
 * Derives seeds on the calling thread.
 * @throws {SecAggError} `invalid-argument` if the parts of the request do not fit together.
 */
export const deriveSeeds: SeedDeriver = async (request, { x25519, sha256 }) => {
  requireSeedRequest(request)
  const { privateKey, publicKeys, salt, infos, length, secrets } = request
  const agreements = await x25519.sharedSecrets(privateKey, publicKeys)
  const seeds = await Promise.all(
    agreements.map(async (agreement, index) => {
      if (agreement === undefined || secrets === undefined) {
        return agreement && sha256.hkdf(agreement, salt, infos[index]!, length)
      }
      const both = concatBytes(agreement, secrets[index]!)
      try {
        return await sha256.hkdf(both, salt, infos[index]!, length)
      } finally {
        wipe(both)
      }
    }),
  )
  wipeAll(agreements.filter((agreement) => agreement !== undefined))
  return seeds
}
