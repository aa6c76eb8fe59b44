import { defaultCrypto, ed25519Signer, ed25519Verifier, type Signer, type VerifyIdentity } from 'secagg'

/** The identities of clients in the active model. */
export interface Parties {
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity
}

export async function identitiesFor(clients: number): Promise<Parties> {
  const { ed25519 } = await defaultCrypto()
  const keys = Array.from({ length: clients }, (_, seat) => new Uint8Array(32).fill(seat + 1))
  const enrolled = await Promise.all(keys.map((key) => ed25519.publicKey(key)))
  return {
    signers: keys.map((key) => ed25519Signer(key, ed25519)),
    verifyIdentity: ed25519Verifier((seat) => enrolled[seat], ed25519),
  }
}
