/**
 * A round whose clients sign with Ed25519 keys in a PKCS #11 token. Here, the token is SoftHSM in a temporary folder, and holds
 * the keys of all clients. In production each client has its own token.
 */
import { defaultCrypto, ed25519Verifier } from 'secagg'
import { report, runRound } from '../round.js'
import { createSoftToken } from './soft-token.js'
import { Token } from './token.js'

const soft = createSoftToken()
const token = new Token(soft)
try {
  const keys = ['ada', 'ben', 'cho', 'dee', 'eva'].map((name) => token.generate(name))
  // Enrollment: every party gets the public keys, in the order of the seats, from a source that the server cannot change.
  const publicKeys = keys.map(({ publicKey }) => publicKey)
  const { ed25519 } = await defaultCrypto()
  const result = await runRound(
    {
      signers: keys.map(({ signer }) => signer),
      verifyIdentity: ed25519Verifier((seat) => publicKeys[seat], ed25519),
      roster: Buffer.concat(publicKeys),
    },
    { leaving: 4 },
  )
  report('keys in a token', result)
} finally {
  token.close()
  soft.remove()
}
