import { hexToBytes } from '@noble/hashes/utils.js'
import { equalBytes } from './bytes.js'
import type { KeyAgreement, SignatureScheme } from './provider.js'

/**
 * Whether a platform's X25519 gives the known answer of RFC 7748, section 5.2. The private key of this test is not clamped,
 * and some implementations refuse such keys.
 */
export async function agreesOnSecrets(x25519: KeyAgreement): Promise<boolean> {
  const privateKey = hexToBytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4')
  const publicKey = hexToBytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
  const expected = hexToBytes('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
  try {
    const [secret] = await x25519.sharedSecrets(privateKey, [publicKey])
    return secret !== undefined && equalBytes(secret, expected)
  } catch {
    return false // the platform does not know the algorithm
  }
}

/**
 * Whether a platform's Ed25519 gives the known answers of RFC 8032, section 7.1, test 1. An implementation with randomized
 * signatures fails this test, although its signatures verify.
 */
export async function agreesOnSignatures(ed25519: SignatureScheme): Promise<boolean> {
  const privateKey = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const publicKey = hexToBytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const signature = hexToBytes(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  const message = new Uint8Array(0)
  try {
    return (
      equalBytes(await ed25519.publicKey(privateKey), publicKey) &&
      equalBytes(await ed25519.sign(privateKey, message), signature) &&
      (await ed25519.verify(publicKey, message, signature))
    )
  } catch {
    return false // the platform does not know the algorithm
  }
}
