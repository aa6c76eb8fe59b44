import { joinBytes, wipe } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { deriveSeeds, type SeedRequest } from '../crypto/seeds.js'
import type { PackedAnswer, Request } from './worker-messages.js'

export type Derivation = Pick<CryptoProvider, 'x25519' | 'sha256'>

/** Answers a request on the thread that it was sent to, and wipes its secrets. */
export function answerRequest(request: Request, crypto: Derivation): Promise<PackedAnswer> {
  return request.type === 'agree' ? agree(request, crypto) : derive(request, crypto)
}

async function agree(
  { privateKey, publicKeys }: Request & { type: 'agree' },
  { x25519 }: Derivation,
): Promise<PackedAnswer> {
  const keys = cutBytes(publicKeys, publicKeys.length / 32)
  const secrets = await x25519.sharedSecrets(privateKey, keys).finally(() => wipe(privateKey))
  return packResults(secrets, 32)
}

async function derive(request: Request & { type: 'derive' }, crypto: Derivation): Promise<PackedAnswer> {
  const { privateKey, publicKeys, salt, infos, secrets, length } = request
  const count = publicKeys.length / 32
  const unpacked: SeedRequest = {
    privateKey,
    publicKeys: cutBytes(publicKeys, count),
    salt,
    infos: cutBytes(infos, count),
    length,
    secrets: secrets.length === 0 ? undefined : cutBytes(secrets, count),
  }
  const seeds = await deriveSeeds(unpacked, crypto).finally(() => wipe(privateKey, secrets))
  return packResults(seeds, length)
}

/** Copies the results, each of `length` bytes, and wipes them. */
function packResults(list: readonly (Uint8Array | undefined)[], length: number): PackedAnswer {
  const answer = { results: new Uint8Array(list.length * length), present: new Uint8Array(list.length) }
  for (const [index, result] of list.entries()) {
    if (result === undefined) continue
    answer.results.set(result, index * length)
    answer.present[index] = 1
    wipe(result)
  }
  return answer
}

/** Copies, so that each result can be wiped on its own. */
export function unpackResults({ results, present }: PackedAnswer): (Uint8Array | undefined)[] {
  const length = results.length / present.length
  const unpacked = Array.from(present, (exists, index) =>
    exists === 1 ? results.slice(index * length, (index + 1) * length) : undefined,
  )
  wipe(results)
  return unpacked
}

/** Seeds of public keys. They show whether two providers derive the same. */
export async function sampleSeeds(crypto: Derivation): Promise<Uint8Array> {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)
  const publicKeys = [bytes, new Uint8Array(32)]
  const request = { privateKey: bytes, publicKeys, salt: bytes, infos: publicKeys, length: 32 } as const
  return joinBytes((await deriveSeeds(request, crypto)).map((seed) => seed ?? new Uint8Array(32)))
}

/** Views of `count` parts of the same length. */
export function cutBytes(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  const length = bytes.length / count
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length))
}
