import { hexToBytes } from '@noble/hashes/utils.js'
import { concatBytes, equalBytes } from './bytes.js'
import type { HashSuite, KeyAgreement, SignatureScheme, SymmetricSuite } from './provider.js'

/**
 * Private keys and their secrets with one public key. The first is from RFC 7748, section 5.2. It is not clamped, and some
 * implementations refuse such keys. The second begins with a zero byte: WebKitGTK refuses one in 256 keys, which are these.
 */
const SECRETS = [
  [
    'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  ],
  [
    '0046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    '40ad6bc9f5fc1cc5c6af89678ccfa7496f42acefa999bb53034c0beec4f0047c',
  ],
] as const

/** Whether a platform's X25519 gives the answers of {@link SECRETS}. */
export async function agreesOnSecrets(x25519: KeyAgreement): Promise<boolean> {
  const publicKey = hexToBytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
  try {
    for (const [privateKey, expected] of SECRETS) {
      const [secret] = await x25519.sharedSecrets(hexToBytes(privateKey), [publicKey])
      if (secret === undefined || !equalBytes(secret, hexToBytes(expected))) return false
    }
    return true
  } catch {
    return false // the platform does not know the algorithm, or refuses a key
  }
}

/**
 * A public key with a component of order 8, a commitment, and two messages with their responses. The challenge of the first
 * message is 0 modulo 8, so the signature is valid. That of the second is 5, the group order modulo 8: it is accepted by
 * implementations that multiply by the cofactor, or that multiply by the group order minus the challenge, as WebKitGTK does,
 * which also refuses the first.
 */
const MIXED_KEY = '1dd960b291c53514fece1341fc0dcd8a648b3934c2c533666f737a654ff1e1bf'
const COMMITMENT = '7db0dc9222f3c183457ddde4c708de8e5ea6bf3d5c4404cca14b32729a05c32a'
const VERDICTS = [
  [17, 'f4286a89707f419171b5764c6e50289f6d3fbae0d93e04bd464473b742666f02', true],
  [7, '996d0dc4d316bfc22a89fa200cf50cbad1ed548e1e6b35dbbe0d76071e23400c', false],
] as const

async function agreesOnMixedKeys(ed25519: SignatureScheme): Promise<boolean> {
  for (const [message, response, expected] of VERDICTS) {
    const signature = hexToBytes(COMMITMENT + response)
    const verdict = await ed25519.verify(hexToBytes(MIXED_KEY), Uint8Array.of(message), signature)
    if (verdict !== expected) return false
  }
  return true
}

/**
 * Whether a platform's Ed25519 gives the known answers of RFC 8032, section 7.1, test 1, knows the public key of a private key
 * that begins with a zero byte, and agrees on keys of mixed order. An implementation with randomized signatures fails this
 * test, although its signatures verify.
 */
export async function agreesOnSignatures(ed25519: SignatureScheme): Promise<boolean> {
  const privateKey = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const publicKey = hexToBytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const signature = hexToBytes(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  const withZero = hexToBytes('0061b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const itsPublicKey = hexToBytes('84282a01247bb4ecacc4d9c45143b111112456fcf340d2d1202b8ed35c820072')
  const message = new Uint8Array(0)
  try {
    return (
      equalBytes(await ed25519.publicKey(privateKey), publicKey) &&
      equalBytes(await ed25519.sign(privateKey, message), signature) &&
      (await ed25519.verify(publicKey, message, signature)) &&
      equalBytes(await ed25519.publicKey(withZero), itsPublicKey) &&
      (await agreesOnMixedKeys(ed25519))
    )
  } catch {
    return false // the platform does not know the algorithm, or refuses a key
  }
}

// What a key of 16 zeros gives without any other input.

/** The tag of AES-GCM (the first test case of its specification), and the first block of AES-CTR. */
const AES_OF_ZEROS = '58e2fccefa7e3061367f1d57a4e7455a66e94bd4ef8a2c3b884cfa59ca342b2e'
/** The HMAC, and 32 bytes of HKDF. */
const HASHES_OF_ZEROS =
  'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad' +
  '91e4e0640eb3242eb4ab90de0ba63abbebbf31fe6b97ff01ebdaaadf0d9d8012'

/** Whether a platform has AES, and not only functions that throw that it is missing. */
export function agreesOnAes(aes: SymmetricSuite): Promise<boolean> {
  return agrees(AES_OF_ZEROS, async (key, none) => {
    const tag = await aes.seal(key, none, none)
    const block = (await aes.keystream(key, 0).next(64)).subarray(0, 16)
    const opened = await aes.open(key, none, tag)
    return opened?.length === 0 ? [tag, block] : []
  })
}

/** The same for HMAC and HKDF. */
export function agreesOnHashes(sha256: HashSuite): Promise<boolean> {
  return agrees(HASHES_OF_ZEROS, async (key, none) => [
    await sha256.hmac(key, none),
    await sha256.hkdf(key, none, none, 32),
  ])
}

async function agrees(
  expected: string,
  answers: (key: Uint8Array, none: Uint8Array) => Promise<readonly Uint8Array[]>,
): Promise<boolean> {
  try {
    return equalBytes(
      concatBytes(...(await answers(new Uint8Array(16), new Uint8Array(0)))),
      hexToBytes(expected),
    )
  } catch {
    return false
  }
}
