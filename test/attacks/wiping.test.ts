import type { CryptoProvider } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { makeCohort, run } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { expectRefusal, MODELS } from './support.js'

/** The toy provider, which keeps hold of every secret array that it has handed out. */
function watched(seed: number): { crypto: CryptoProvider; handedOut: Uint8Array[] } {
  const toy = toyCrypto(seed)
  const handedOut: Uint8Array[] = []
  const keep = <T extends Uint8Array | undefined>(bytes: T): T => {
    if (bytes !== undefined) handedOut.push(bytes)
    return bytes
  }
  const suite = toy.suites.aes!
  return {
    handedOut,
    crypto: {
      ...toy,
      randomBytes: (length) => keep(toy.randomBytes(length)),
      x25519: {
        ...toy.x25519,
        sharedSecrets: async (...request) => (await toy.x25519.sharedSecrets(...request)).map(keep),
      },
      sha256: {
        ...toy.sha256,
        hkdf: async (secret, salt, info, length) => {
          const derived = await toy.sha256.hkdf(secret, salt, info, length)
          // A commitment is sent to the server.
          return String.fromCharCode(...info).includes('commitment') ? derived : keep(derived)
        },
      },
      suites: { aes: { ...suite, open: async (...request) => keep(await suite.open(...request)) } },
    },
  }
}

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

describe.each(MODELS)('$adversary: what is no longer needed is overwritten', (model) => {
  test('nothing secret is left of a client that has finished, nor at the server once it has the sum', async () => {
    const client = watched(5)
    const server = watched(6)
    const splitter = toySplitter(5)
    const cohort = await makeCohort({
      ...model,
      crypto: client.crypto,
      splitSecret: async (...request) => {
        const shares = await splitter(...request)
        client.handedOut.push(...shares)
        return shares
      },
      serverOptions: { crypto: server.crypto },
    })
    const stages = [9, 9, 9, 9, 2]
    const ran = await run(cohort, { stages })
    expect(ran.outcome?.sum).toEqual(ran.expected)
    expect(cohort.sessions.map(({ done }) => done)).toEqual([true, true, true, true, false])

    expect(server.handedOut.length).toBeGreaterThan(4 + 4)
    expect(server.handedOut.filter((bytes) => !isWiped(bytes))).toEqual([])

    // Client 4 was given up in the middle, and still has what it may need.
    expect(client.handedOut.length).toBeGreaterThan(100)
    expect(client.handedOut.some((bytes) => !isWiped(bytes))).toBe(true)
    await cohort.sessions[4]!.wipe()
    expect(client.handedOut.filter((bytes) => !isWiped(bytes))).toEqual([])
  })

  test('a session that was wiped says so, whatever it is asked', async () => {
    const { sessions, pending } = await run(await makeCohort(model), { until: 'masked-input' })
    await sessions[0]!.wipe()
    const expected = { code: 'out-of-order', fault: 'usage', phase: undefined } as const
    await expectRefusal(sessions[0]!.start(), expected)
    await expectRefusal(sessions[0]!.receive(pending.get(0)!), expected)
    await expectRefusal(sessions[0]!.resend(), expected)
    for await (const slice of sessions[0]!.slices()) expect(slice).toBeUndefined()
  })
})
