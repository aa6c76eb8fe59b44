import { afterEach, expect, it, vi } from 'vitest'
import { secretSplitter } from '../../src/shamir/split.js'
import { toyCrypto } from '../support/toy-crypto.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

it.each([60, 300])(
  'a split among %i holders leaves no copy of the secret or of its coefficients',
  async (holders) => {
    const made: Uint16Array[] = []
    class Noted extends Uint16Array {
      constructor(...values: ConstructorParameters<typeof Uint16Array>) {
        super(...values)
        made.push(this)
      }
    }
    const crypto = toyCrypto(4)
    const drawn: Uint8Array[] = []
    const copies: number[][] = []
    const randomBytes = (length: number): Uint8Array => {
      const bytes = crypto.randomBytes(length)
      drawn.push(bytes)
      copies.push(wordsOf(bytes))
      return bytes
    }
    const secret = Uint8Array.from({ length: 32 }, (_, i) => 200 - i)
    vi.stubGlobal('Uint16Array', Noted)
    const shares = await secretSplitter({ ...crypto, randomBytes })(secret, 3, holders)
    vi.unstubAllGlobals()

    expect(shares).toHaveLength(holders)
    expect(made.length).toBeGreaterThan(0)
    expect(drawn).toHaveLength(1)
    for (const bytes of drawn) expect(bytes.every((byte) => byte === 0)).toBe(true)
    for (const secretWords of [wordsOf(secret), ...copies]) {
      for (const words of made) expect([...words].join()).not.toContain(secretWords.slice(0, 4).join())
    }
  },
)

function wordsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8))
}
