import { describe, expect, test } from 'vitest'
import { counting, hex, LOW_ORDER_POINTS, providers, suites, withTopBit } from './providers.js'

test('this environment has several providers to compare', () => {
  const expected = globalThis.process?.versions?.node
    ? ['noble', 'webcrypto', 'node', 'node, private keys as text']
    : ['noble', 'webcrypto']
  expect(providers.map(({ name }) => name)).toEqual(expected)
})

describe.each(providers)('X25519 of $name', ({ x25519 }) => {
  test.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ])('gives the answer of RFC 7748, section 5.2 (%#)', async (privateKey, publicKey, secret) => {
    expect(await x25519.sharedSecrets(hex(privateKey), [hex(publicKey)])).toEqual([hex(secret)])
  })

  test('gives both sides of RFC 7748, section 6.1', async () => {
    const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    const [alicePublic, bobPublic] = [await x25519.publicKey(alice), await x25519.publicKey(bob)]
    expect(alicePublic).toEqual(hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'))
    expect(bobPublic).toEqual(hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'))
    const secret = hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
    expect(await x25519.sharedSecrets(alice, [bobPublic])).toEqual([secret])
    expect(await x25519.sharedSecrets(bob, [alicePublic])).toEqual([secret])
  })

  test('gives undefined for low-order points, and the other secrets of the batch at their indices', async () => {
    const privateKey = counting(32)
    const own = await x25519.publicKey(privateKey)
    const [expected] = await x25519.sharedSecrets(privateKey, [own])
    const batch = [own, ...LOW_ORDER_POINTS, ...LOW_ORDER_POINTS.map(withTopBit), own]
    const nothing = Array.from({ length: 14 }, () => undefined)
    expect(await x25519.sharedSecrets(privateKey, batch)).toEqual([expected, ...nothing, expected])
    expect(expected).toBeInstanceOf(Uint8Array)
  })

  test.each([
    ['all zero', new Uint8Array(32)],
    ['all ones', new Uint8Array(32).fill(0xff)],
    ['zero but for the bits that clamping clears', hex(`07${'00'.repeat(30)}80`)],
  ])('accepts a private key that is %s', async (_, privateKey) => {
    const peer = counting(32)
    const [secret] = await x25519.sharedSecrets(privateKey, [await x25519.publicKey(peer)])
    expect(await x25519.sharedSecrets(peer, [await x25519.publicKey(privateKey)])).toEqual([secret])
  })
})

describe.each(providers)('Ed25519 of $name', ({ ed25519 }) => {
  test.each([
    [
      'TEST 1',
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      'TEST 2',
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'TEST 3',
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])(
    'gives the answer of RFC 8032, section 7.1, %s',
    async (_, privateKey, publicKey, message, signature) => {
      expect(await ed25519.publicKey(hex(privateKey))).toEqual(hex(publicKey))
      expect(await ed25519.sign(hex(privateKey), hex(message))).toEqual(hex(signature))
      expect(await ed25519.verify(hex(publicKey), hex(message), hex(signature))).toBe(true)
      expect(await ed25519.verify(hex(publicKey), hex(`${message}00`), hex(signature))).toBe(false)
    },
  )
})

describe.each(providers)('SHA-256 of $name', ({ sha256 }) => {
  test.each([
    ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      '4a656665',
      '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['', '', 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad'],
  ])('gives the HMAC of RFC 4231, section 4, or with an empty key (%#)', async (key, message, code) => {
    expect(await sha256.hmac(hex(key), hex(message))).toEqual(hex(code))
  })

  test.each([
    [
      'A.1',
      '0b'.repeat(22),
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'A.2, the first 64 bytes',
      Array.from({ length: 80 }, (_, index) => index.toString(16).padStart(2, '0')).join(''),
      Array.from({ length: 80 }, (_, index) => (index + 0x60).toString(16)).join(''),
      Array.from({ length: 80 }, (_, index) => (index + 0xb0).toString(16)).join(''),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71',
    ],
    [
      'A.3',
      '0b'.repeat(22),
      '',
      '',
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('derives the key of RFC 5869, %s', async (_, secret, salt, info, derived) => {
    const expected = hex(derived)
    for (const length of [1, 16, 31, 32, 33, expected.length]) {
      expect(await sha256.hkdf(hex(secret), hex(salt), hex(info), length)).toEqual(expected.slice(0, length))
    }
  })
})

/** With the AES key zero: test cases 1 and 2 of the GCM specification, appendix B. The others were made with OpenSSL. */
const SEALED = {
  aes: [
    [new Uint8Array(16), '', '', '58e2fccefa7e3061367f1d57a4e7455a'],
    [
      new Uint8Array(16),
      '',
      '00'.repeat(16),
      '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
    ],
    [
      counting(16),
      '6173736f6369617465642064617461',
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f4041',
      '49d785509d9ea08beb8070636c8cbe92a9bc393d207fd42f48442c4580aae249104294fc2e09fd97ad3b7bf9ea44ff90abb3abba5047b776786719e6a320ee24941f9c0b5cc500a8b0f1227ab2a7efda293e',
    ],
  ],
  chacha: [
    [counting(32), '', '', '10324f800a160bd9a1794255be7ec29d'],
    [
      counting(32),
      '6173736f6369617465642064617461',
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f4041',
      '18b94032a9e3a0d61b68566aa34e4028e8a0e1e6f5b84d4bf4e1e60936286b4352292a4ef5cb1a7ab5a8720f48232e13ab91c46dea686ff9351370440da864f202b3e3bb07fa69d31fef0e513129c165bb6f',
    ],
  ],
} as const

describe.each(suites)('sealing with $title', ({ name, suite }) => {
  test('gives known answers and opens them', async () => {
    for (const [key, associatedData, plaintext, sealed] of SEALED[name]) {
      expect(await suite.seal(key, hex(associatedData), hex(plaintext))).toEqual(hex(sealed))
      expect(await suite.open(key, hex(associatedData), hex(sealed))).toEqual(hex(plaintext))
    }
  })

  test('opens nothing that was changed, cut, extended, or sealed with another key or associated data', async () => {
    const [key, associatedData, plaintext] = [counting(suite.keyLength), counting(20), counting(40)]
    const sealed = await suite.seal(key, associatedData, plaintext)
    for (let index = 0; index < sealed.length; index++) {
      const touched = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 0x10 : byte))
      expect(await suite.open(key, associatedData, touched)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await suite.open(key, associatedData, sealed.subarray(0, length))).toBeUndefined()
    }
    expect(await suite.open(key, associatedData, Uint8Array.of(...sealed, 0))).toBeUndefined()
    expect(await suite.open(key, counting(21), sealed)).toBeUndefined()
    expect(await suite.open(counting(suite.keyLength).reverse(), associatedData, sealed)).toBeUndefined()
    expect(await suite.open(key, associatedData, sealed)).toEqual(plaintext)
  })
})
