import { defaultCrypto } from '../crypto/default.js'
import { nobleCrypto } from '../crypto/noble.js'
import type { SuiteName, SymmetricSuite } from '../crypto/provider.js'

/** Something for each suite. */
export type PerSuite<T> = { readonly [name in SuiteName]: T }

/** The fastest implementation here of each suite. */
export async function suitesHere(): Promise<PerSuite<SymmetricSuite>> {
  const { aes, chacha } = (await defaultCrypto('chacha')).suites
  const noble = nobleCrypto().suites
  return { aes: aes ?? noble.aes!, chacha: chacha ?? noble.chacha! }
}

/** Which suite it is, or claims to be. */
export function nameOf({ keyLength }: SymmetricSuite): SuiteName {
  return keyLength === 16 ? 'aes' : 'chacha'
}

/** Far enough that all bytes of a block number but the highest are in use. */
const SAMPLE_OFFSET = 64 * 0x01020304

/** Keystream of a seed that is no secret, to tell whether two suites make the same. */
export async function sampleOf(suite: SymmetricSuite): Promise<Uint8Array> {
  const seed = Uint8Array.from({ length: suite.keyLength }, (_, index) => index)
  const stream = suite.keystream(seed, SAMPLE_OFFSET)
  const sample = Uint8Array.from(await stream.next(128))
  stream.release?.()
  return sample
}
