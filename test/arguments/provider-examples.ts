import type { CryptoProvider } from 'secagg/crypto'
import type { Examples } from './examples.js'

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(9)

/** Examples of the methods of the provider that `name` returns. */
export function providerExamples(name: string, made: CryptoProvider): Examples {
  const { x25519, ed25519, sha256, suites } = made
  const examples: Record<string, () => { on: object; args: unknown[] }> = {
    [`${name}().randomBytes`]: () => ({ on: made, args: [16] }),
    [`${name}().x25519.publicKey`]: () => ({ on: x25519, args: [bytes(32)] }),
    [`${name}().x25519.sharedSecrets`]: () => ({ on: x25519, args: [bytes(32), [bytes(32)]] }),
    [`${name}().ed25519.publicKey`]: () => ({ on: ed25519, args: [bytes(32)] }),
    [`${name}().ed25519.sign`]: () => ({ on: ed25519, args: [bytes(32), bytes(3)] }),
    [`${name}().ed25519.verify`]: () => ({ on: ed25519, args: [bytes(32), bytes(3), bytes(64)] }),
    [`${name}().sha256.hmac`]: () => ({ on: sha256, args: [bytes(5), bytes(3)] }),
    [`${name}().sha256.hkdf`]: () => ({ on: sha256, args: [bytes(5), bytes(3), bytes(2), 32] }),
  }
  for (const [suiteName, suite] of Object.entries(suites)) {
    const path = `${name}().suites.${suiteName}`
    const key = bytes(suite.keyLength)
    examples[`${path}.seal`] = () => ({ on: suite, args: [key, bytes(5), bytes(3)] })
    examples[`${path}.open`] = () => ({ on: suite, args: [key, bytes(5), bytes(30)] })
    examples[`${path}.keystream`] = () => ({ on: suite, args: [key, 64] })
    examples[`${path}.keystream().next`] = () => ({ on: suite.keystream(key, 0), args: [64] })
    if (suite.keystream(key, 0).release === undefined) continue
    examples[`${path}.keystream().release`] = () => ({ on: suite.keystream(key, 0), args: [] })
  }
  return examples
}
