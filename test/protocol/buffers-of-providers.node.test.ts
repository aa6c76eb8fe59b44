import type { CryptoProvider, RoundParameters } from 'secagg'
import { defaultCrypto, type SymmetricSuite } from 'secagg/crypto'
import { expect, test } from 'vitest'
import { runCohort } from '../support/cohort.js'

/** A provider as programs in React Native have one: all that it returns is a Node Buffer, whose `slice` shares memory. */
async function providerOfBuffers(): Promise<CryptoProvider> {
  const { x25519, ed25519, sha256, suites, ...base } = await defaultCrypto()
  const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes)
  const suiteOf = (suite: SymmetricSuite): SymmetricSuite => ({
    ...suite,
    seal: async (...args) => buffer(await suite.seal(...args)),
    open: async (...args) => {
      const opened = await suite.open(...args)
      return opened && buffer(opened)
    },
  })
  return {
    ...base,
    randomBytes: (length) => buffer(base.randomBytes(length)),
    x25519: {
      publicKey: async (key) => buffer(await x25519.publicKey(key)),
      sharedSecrets: async (key, others) =>
        (await x25519.sharedSecrets(key, others)).map((secret) => secret && buffer(secret)),
    },
    ed25519: {
      ...ed25519,
      publicKey: async (key) => buffer(await ed25519.publicKey(key)),
      sign: async (...args) => buffer(await ed25519.sign(...args)),
    },
    sha256: {
      ...sha256,
      hmac: async (...args) => buffer(await sha256.hmac(...args)),
      hkdf: async (...args) => buffer(await sha256.hkdf(...args)),
    },
    suites: { aes: suiteOf(suites.aes!), chacha: suiteOf(suites.chacha!) },
  }
}

const GRAPHS: Record<string, Pick<RoundParameters, 'adversary' | 'graph' | 'threshold' | 'minimumCohort'>> = {
  complete: { adversary: 'active' },
  sparse: {
    adversary: 'honest-but-curious',
    graph: { neighbors: 8, assumptions: 'unproven' },
    threshold: 5,
    minimumCohort: 8,
  },
  chosen: {
    adversary: 'active',
    graph: { neighbors: 8, assumptions: 'unproven' },
    threshold: 5,
    minimumCohort: 8,
  },
}

test.each(Object.entries(GRAPHS))(
  'the %s graph is exact with a provider that returns Buffers',
  async (_, graph) => {
    const crypto = await providerOfBuffers()
    const { outcome, error, expected, clientErrors } = await runCohort({
      ...graph,
      clients: 16,
      crypto,
      stages: [0, 2],
      seed: 91,
    })
    expect([...clientErrors.values(), error]).toEqual([undefined])
    expect(outcome?.sum).toEqual(expected)
  },
)
