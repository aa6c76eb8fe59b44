import * as fc from 'fast-check'
import type { SymmetricSuite } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { bytesOf, counting, hex, suites } from './providers.js'

async function read(
  suite: SymmetricSuite,
  seed: Uint8Array,
  offset: number,
  pieces: number[],
): Promise<string> {
  const keystream = suite.keystream(seed, offset)
  const digits = []
  for (const length of pieces) digits.push(bytesToHex(await keystream.next(length)))
  return digits.join('')
}

/** An offset into a keystream, and the bytes there. */
const KNOWN: { readonly [name: string]: readonly (readonly [Uint8Array, number, string])[] } = {
  aes: [
    // Blocks 0 to 2 of key zero: FIPS 197, and the test cases 1 and 2 of the GCM specification, whose counter block
    // for a nonce of zero is the number of the block.
    [
      new Uint8Array(16),
      0,
      '66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a0388dace60b6a392f328c2b971b2fe78',
    ],
    // Single blocks of AES-128-ECB by OpenSSL. Here the counter passes 2^32, …
    [
      counting(16),
      2 ** 36 - 64,
      '38dda886bb58722ad13a4b7499981cf9f5e7710dcc44407626e2e9a53be7ee630b3076752114f7d0ec5b8283036668d157941ff3415881a0b2a7917ac5fa33b8426c768faa410b72ab103951259ba14ad4826774d118c5351aa48113690c3973',
    ],
    // … 2^34, …
    [
      counting(16),
      2 ** 38 - 64,
      '533954d71454142bd7dcc3c53df1471104792bc490775e670126d63eece33cb5561bd8ab0d5a006256f6051c3e151188689f002955e0ac6948048ddd93f1b6a021a3b1be2f91e152989d5de20a65597c5ba3ca9afa1108a59fccf2898a193a58',
    ],
    // … and 2^48.
    [
      counting(16),
      2 ** 52 - 64,
      'e43299f6596f0e9eeea220fc965df99decb11710ee5dfc508e80d2291e156f629a4bf01b8675ca700352f8a449b5b910718e6b9f553ebd873318623549bedd350dad474821817e78452a5ca0d14a0811b9efcaf10fca4c786e3600727a091201',
    ],
  ],
  // RFC 8439, appendix A.1, test vectors 1 to 4.
  chacha: [
    [
      new Uint8Array(32),
      0,
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
    ],
    [
      new Uint8Array(32),
      64,
      '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    ],
    [
      hex(`${'00'.repeat(31)}01`),
      64,
      '3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0',
    ],
    [
      hex(`00ff${'00'.repeat(30)}`),
      128,
      '72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096',
    ],
    // Blocks by OpenSSL. Here the counter passes 2^31, …
    [
      counting(32),
      64 * (2 ** 31 - 1),
      'a031ab58257ea21a0db144ba6e8486dcf3cecfb68123fdc0ebdc947d59b91ddf684d2bd032af104a105f13c8cf05f1a557991c8e460b230ca068e46a4db5a515d6f1f67f2446de47d4e9eaaeded07b2ce1a7ff3bacde6eda89085cfe4a3ff1d8e893fd9d4327dd4515c9347379da398f18c558ea74e5e20aad62188c0624beda',
    ],
    // … and is at its end.
    [
      counting(32),
      64 * (2 ** 32 - 2),
      'd48429333adfee3b03055736a276ab9c8f4ff95fd1a11f55ddac6646659efc9ce307a19ec9c13d1d1f00aeab36ccc8509b69fec862f512b3decc782129207391',
    ],
  ],
}

describe.each(suites)('the keystream of $title', ({ name, suite }) => {
  test('gives known answers, also beyond a 32-bit counter', async () => {
    for (const [seed, offset, digits] of KNOWN[name]!) {
      expect(await read(suite, seed, offset, [digits.length / 2])).toBe(digits)
    }
  })

  test('is the same in pieces of any size, from any offset', async () => {
    const length = 64 * 64
    const start = fc.integer({ min: 0, max: 63 })
    const pieces = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        bytesOf(suite.keyLength),
        start,
        pieces,
        fc.nat(130),
        async (seed, unit, units, last) => {
          const whole = await read(suite, seed, 0, [length])
          const lengths = [...units.map((count) => count * 64), last]
          const total = lengths.reduce((sum, each) => sum + each, 0)
          const digits = await read(suite, seed, unit * 64, lengths)
          const known = Math.min(total, length - unit * 64)
          expect(digits.length).toBe(2 * total)
          expect(digits.slice(0, 2 * known)).toBe(whole.slice(2 * unit * 64, 2 * (unit * 64 + known)))
        },
      ),
      { numRuns: 30 },
    )
  })

  test('continues beyond the length of one native call', async () => {
    const seed = counting(suite.keyLength)
    const native = 256 * 1024
    const length = 3 * native + 64
    const whole = Uint8Array.from(await suite.keystream(seed, 0).next(length))
    expect(whole.length).toBe(length)
    for (const offset of [native - 64, native, 2 * native, 3 * native - 64]) {
      const digits = await read(suite, seed, offset, [128])
      expect(digits).toBe(bytesToHex(whole.subarray(offset, offset + 128)))
    }
  })

  test('does not write into the zeros it encrypts', async () => {
    const seed = counting(suite.keyLength)
    const first = suite.keystream(seed, 0)
    const expected = bytesToHex(await first.next(256))
    const piece = await suite.keystream(seed, 0).next(256)
    piece.fill(0xff)
    expect(await read(suite, seed, 0, [256])).toBe(expected)
  })

  test('ends after the first piece whose length is not a multiple of 64 bytes', async () => {
    const keystream = suite.keystream(counting(suite.keyLength), 0)
    await keystream.next(100)
    expect(() => keystream.next(64)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test.each([-64, 1, 63, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])(
    'refuses offset %d',
    (offset) => {
      const error = expect.objectContaining({ code: 'invalid-argument', fault: 'usage' })
      expect(() => suite.keystream(counting(suite.keyLength), offset)).toThrow(error)
    },
  )

  test.each([-64, 0.5, Number.NaN, 2 ** 53])('refuses a piece of %d bytes', (length) => {
    const keystream = suite.keystream(counting(suite.keyLength), 64)
    expect(() => keystream.next(length)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

const chachas = suites.filter(({ name }) => name === 'chacha')

test('all providers agree on the last blocks of ChaCha20 and refuse to go further', async () => {
  const end = (2 ** 32 - 1) * 64
  const digits = []
  for (const { suite } of chachas) {
    const keystream = suite.keystream(counting(32), end - 128)
    digits.push(bytesToHex(await keystream.next(128)))
    expect(() => keystream.next(64)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  }
  expect(new Set(digits).size).toBe(1)
})
