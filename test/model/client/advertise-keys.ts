import { maskKeysOf } from '../hybrid.js'
import * as keys from '../keys.js'
import { message, TYPE } from '../messages.js'
import { ed25519Sign, kemPublicKey, x25519PublicKey } from '../primitives.js'
import type { Self } from './self.js'

// Round 0

export interface Advertised {
  readonly self: Self
  readonly cipherKey: Uint8Array
  readonly maskKey: Uint8Array
  readonly choice: Uint8Array
  /** [hybrid] Empty otherwise. */
  readonly cipherKemKey: Uint8Array
  readonly maskKemKey: Uint8Array
  readonly maskPrivateKey: Uint8Array
  /** [hybrid] Of sk_u; empty otherwise. */
  readonly maskSeed: Uint8Array
  readonly statement: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
}

export function advertiseKeys(self: Self): Advertised {
  const { configuration, seat, drawn, signingKey } = self
  const cipherKey = x25519PublicKey(drawn.cipherPrivateKey)
  const { maskPrivateKey, maskSeed, maskKey, maskKemKey } =
    drawn.hybrid === null
      ? withoutKem(drawn.maskPrivateKey!)
      : maskKeysOf(configuration, drawn.hybrid.masterSecret, seat)
  const cipherKemKey = drawn.hybrid === null ? new Uint8Array(0) : kemPublicKey(drawn.hybrid.cipherSeed)
  const choice = configuration.graph === 'chosen' ? drawn.choice : new Uint8Array(0)
  const all = { cipherKey, maskKey, choice, cipherKemKey, maskKemKey }
  const statement = keys.keysStatement(configuration, seat, all)
  const signature = configuration.active ? ed25519Sign(signingKey!, statement) : new Uint8Array(0)
  return {
    self,
    ...all,
    maskPrivateKey,
    maskSeed,
    statement,
    signature,
    message: message(
      TYPE.advertiseKeys,
      configuration.hash,
      cipherKey,
      maskKey,
      choice,
      cipherKemKey,
      maskKemKey,
      signature,
    ),
  }
}

function withoutKem(maskPrivateKey: Uint8Array) {
  const none = new Uint8Array(0)
  return { maskPrivateKey, maskSeed: none, maskKey: x25519PublicKey(maskPrivateKey), maskKemKey: none }
}
