import { equalBytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import { ed25519Signer, ed25519Verifier, type Signer, type VerifyIdentity } from '../protocol/index.js'

/** The identities of all clients of a simulated round. */
export interface Enrollment {
  /** By seat. */
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity
  /** Milliseconds that repeated verifications would have taken since the last call. */
  takeSavedMs(): number
}

/** A statement that was verified. */
interface Verified {
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly ms: number
}

/**
 * An Ed25519 key for every seat. All parties of the simulation are in this process, so each statement is verified once, when
 * the first party asks. For the others the result is the same, and the time is added to theirs.
 */
export async function enroll(
  clients: number,
  { ed25519, randomBytes }: Pick<CryptoProvider, 'ed25519' | 'randomBytes'>,
): Promise<Enrollment> {
  const privateKeys = Array.from({ length: clients }, () => randomBytes(32))
  const publicKeys = await Promise.all(privateKeys.map((key) => ed25519.publicKey(key)))
  const verify = ed25519Verifier((seat) => publicKeys[seat], ed25519)
  // Every client keeps the identities of its peers. Here, equal ones are the same string.
  const identities = new Map<number, string>()
  const verified = new Map<number, Verified[]>()
  let savedMs = 0
  return {
    signers: privateKeys.map((key) => ed25519Signer(key, ed25519)),
    verifyIdentity: async (claim) => {
      const { seat, message, signature } = claim
      const ofSeat = verified.get(seat) ?? []
      const again = ofSeat.find(
        (one) => equalBytes(one.signature, signature) && equalBytes(one.message, message),
      )
      if (again !== undefined) {
        savedMs += again.ms
        return identities.get(seat)
      }
      const start = performance.now()
      const identity = await verify(claim)
      if (identity === undefined) return undefined
      const ms = performance.now() - start
      verified.set(seat, [...ofSeat, { message: message.slice(), signature: signature.slice(), ms }])
      identities.set(seat, identities.get(seat) ?? identity)
      return identities.get(seat)
    },
    takeSavedMs: () => {
      const saved = savedMs
      savedMs = 0
      return saved
    },
  }
}
