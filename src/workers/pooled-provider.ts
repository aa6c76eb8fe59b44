import { reading } from '../arguments.js'
import { joinBytes, requireKeys, requireLength } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider, KeyAgreement } from '../crypto/provider.js'
import type { Dispatch } from './dispatch.js'
import { unpackResults } from './requests.js'

/**
 * With fewer keys than this, other threads save less than they cost. Each imports the private key anew, which takes as long as ten
 * agreements on Node 20.
 */
const FEW_KEYS = 64

/**
 * A provider that agrees on secrets on the threads of a pool, and otherwise calls `crypto`. It gives the same bytes. The calling
 * thread does the work itself as in `derivationOn`.
 */
export function providerOn<P extends CryptoProvider>(dispatch: Dispatch, crypto: P): P {
  // Its methods, bound: a provider may be an instance of a class.
  const dependable = dependableProvider(crypto)
  const bound = reading('a crypto provider', () => ({ ...dependable }))
  const { x25519 } = dependable
  const agreeThere: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    const request = {
      type: 'agree',
      privateKey: Uint8Array.from(privateKey),
      publicKeys: joinBytes(publicKeys),
    } as const
    const answer = await dispatch.send(request, publicKeys.length, 32)
    return answer === undefined ? x25519.sharedSecrets(privateKey, publicKeys) : unpackResults(answer)
  }
  const sharedSecrets: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    requireLength('an X25519 private key', privateKey, 32)
    requireKeys(publicKeys)
    const isForThreads = publicKeys.length >= FEW_KEYS && (await dispatch.suits(dependable))
    if (!isForThreads) return x25519.sharedSecrets(privateKey, publicKeys)
    const parts = dispatch.cut(publicKeys.length).map(([from, to]) => publicKeys.slice(from, to))
    return (await Promise.all(parts.map((part) => agreeThere(privateKey, part)))).flat()
  }
  return { ...(bound as P), x25519: { ...x25519, sharedSecrets } }
}
