import { type CryptoProvider, nobleCrypto, nodeCrypto, type SuiteName, webCrypto } from 'secagg/crypto'
import { type Operation, secretBuffer } from './harness.js'

const PAIR_LENGTH = 48
const EMPTY = new Uint8Array(0)

const NATIVE = 'left to the platform'

function agreement({ name, x25519 }: CryptoProvider, peer: Uint8Array): Operation {
  const key = secretBuffer(new Uint8Array(32))
  return {
    name: `X25519, ${name}`,
    classes: 'private key: zero or random, before it is clamped',
    construction: name === 'noble' ? 'only its steps: BigInt' : NATIVE,
    prepare: key.next,
    run: () => x25519.sharedSecrets(key.bytes, [peer]),
  }
}

function derivation({ name, sha256 }: CryptoProvider): Operation {
  const secret = secretBuffer(new Uint8Array(32))
  const [salt, info] = [new Uint8Array(32).fill(1), new Uint8Array(100).fill(2)]
  return {
    name: `HKDF-SHA-256, ${name}`,
    classes: 'secret: zero or random',
    construction: name === 'webcrypto' ? NATIVE : 'yes',
    prepare: secret.next,
    run: () => sha256.hkdf(secret.bytes, salt, info, 32),
  }
}

function constructionOf(provider: string, suite: SuiteName): string {
  if (provider !== 'noble') return NATIVE
  return suite === 'aes' ? 'no: lookup tables' : 'yes'
}

function openings({ name, suites }: CryptoProvider, suiteName: SuiteName): Operation[] {
  const suite = suites[suiteName]!
  const key = new Uint8Array(suite.keyLength).fill(3)
  const plaintext = secretBuffer(new Uint8Array(PAIR_LENGTH))
  let sealed: Uint8Array = EMPTY
  const reseal = async (): Promise<void> => {
    sealed = await suite.seal(key, EMPTY, plaintext.bytes)
  }
  const construction = constructionOf(name, suiteName)
  return [
    {
      name: `open, ${suiteName}, ${name}`,
      classes: 'plaintext: zero or random',
      construction,
      prepare: (fixed) => {
        plaintext.next(fixed)
        return reseal()
      },
      run: () => suite.open(key, EMPTY, sealed),
    },
    {
      name: `open, ${suiteName}, ${name}, by its tag`,
      classes: 'tag: right or wrong',
      construction: 'no: a wrong tag is an error',
      prepare: async (fixed) => {
        plaintext.next(false)
        await reseal()
        sealed[sealed.length - 1]! ^= fixed ? 0 : 1
      },
      run: () => suite.open(key, EMPTY, sealed),
    },
  ]
}

function wrongTags({ name, suites }: CryptoProvider, suiteName: SuiteName): Operation {
  const suite = suites[suiteName]!
  const key = new Uint8Array(suite.keyLength).fill(3)
  const plaintext = new Uint8Array(PAIR_LENGTH).fill(4)
  const place = secretBuffer(new Uint8Array(1))
  let sealed: Uint8Array = EMPTY
  return {
    name: `open, ${suiteName}, ${name}, a wrong tag`,
    classes: 'wrong in its first byte or a random one',
    construction: constructionOf(name, suiteName),
    prepare: async (fixed) => {
      place.next(fixed)
      sealed = await suite.seal(key, EMPTY, plaintext)
      sealed[PAIR_LENGTH + (place.bytes[0]! & 15)]! ^= 1
    },
    run: () => suite.open(key, EMPTY, sealed),
  }
}

function keystreams({ name, suites }: CryptoProvider, suiteName: SuiteName): Operation {
  const suite = suites[suiteName]!
  const seed = secretBuffer(new Uint8Array(suite.keyLength))
  return {
    name: `keystream of 4 KiB, ${suiteName}, ${name}`,
    classes: 'seed: zero or random',
    construction: constructionOf(name, suiteName),
    prepare: seed.next,
    run: () => suite.keystream(seed.bytes, 0).next(4096),
  }
}

/** The primitives of all providers that Node has. */
export async function primitives(): Promise<Operation[]> {
  const providers = [nodeCrypto()!, (await webCrypto())!, nobleCrypto()]
  const peer = await nobleCrypto().x25519.publicKey(new Uint8Array(32).fill(9))
  const suites = providers.flatMap((provider) =>
    (Object.keys(provider.suites) as SuiteName[]).map((suite) => [provider, suite] as const),
  )
  return [
    ...providers.map((provider) => agreement(provider, peer)),
    ...providers.map(derivation),
    ...suites.flatMap(([provider, suite]) => openings(provider, suite)),
    ...suites.map(([provider, suite]) => wrongTags(provider, suite)),
    ...suites.map(([provider, suite]) => keystreams(provider, suite)),
  ]
}
