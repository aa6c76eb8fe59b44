import * as keys from '../keys.js'
import { message, TYPE } from '../messages.js'
import { ed25519Sign, x25519PublicKey } from '../primitives.js'
import type { Self } from './self.js'

// Round 0

export interface Advertised {
  readonly self: Self
  readonly cipherKey: Uint8Array
  readonly maskKey: Uint8Array
  readonly choice: Uint8Array
  readonly statement: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
}

export function advertiseKeys(self: Self): Advertised {
  const { configuration, seat, drawn, signingKey } = self
  const cipherKey = x25519PublicKey(drawn.cipherPrivateKey)
  const maskKey = x25519PublicKey(drawn.maskPrivateKey)
  const choice = configuration.graph === 'chosen' ? drawn.choice : new Uint8Array(0)
  const statement = keys.keysStatement(configuration, seat, { cipherKey, maskKey, choice })
  const signature = configuration.active ? ed25519Sign(signingKey!, statement) : new Uint8Array(0)
  return {
    self,
    cipherKey,
    maskKey,
    choice,
    statement,
    signature,
    message: message(TYPE.advertiseKeys, configuration.hash, cipherKey, maskKey, choice, signature),
  }
}
