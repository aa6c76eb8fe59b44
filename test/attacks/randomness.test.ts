import { ClientSession } from 'secagg'
import { type CryptoProvider, defaultCrypto, nobleCrypto } from 'secagg/crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { drawSecret } from '../../src/crypto/random.js'
import { makeCohort } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import {
  advertiseKeys,
  CURIOUS,
  expectRefusal,
  expectRefused,
  finish,
  MODELS,
  openedRound,
  publishedKeys,
} from './support.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const noRandomness = { code: 'no-randomness', fault: 'crypto', phase: undefined } as const

describe.each([
  ['there is no generator', undefined],
  ['the generator has no getRandomValues', {}],
  [
    'the generator fails',
    {
      getRandomValues() {
        throw new Error('no entropy')
      },
    },
  ],
])('%s', (_, broken) => {
  const crypto = nobleCrypto()
  const options = { ...CURIOUS, clients: 3, crypto, splitSecret: toySplitter(1) }

  test('a client says so instead of sending keys, and starts once there is one', async () => {
    const cohort = await makeCohort(options)
    vi.stubGlobal('crypto', broken)
    await expectRefusal(cohort.sessions[0]!.start(), noRandomness)
    await expectRefusal(cohort.sessions[0]!.start(), noRandomness)
    vi.unstubAllGlobals()
    expect(await finish(await openedRound('share-keys', cohort))).toEqual([0, 1, 2])
  })

  test('a client says so instead of sharing secrets, and goes on once there is one', async () => {
    const opened = await openedRound('share-keys', options)
    const session = opened.sessions[0]!
    vi.stubGlobal('crypto', broken)
    await expectRefusal(session.receive(opened.pending.get(0)!), noRandomness)
    vi.unstubAllGlobals()
    expect(await finish(opened)).toEqual([0, 1, 2])
  })

  test('a server draws no ring, and draws it once there is one', async () => {
    const graph = { neighbors: 4, assumptions: 'unproven' } as const
    const cohort = await makeCohort({ ...options, clients: 7, threshold: 2, minimumCohort: 5, graph })
    for (const [seat, session] of cohort.sessions.entries()) {
      await cohort.server.receive(seat, await session.start())
    }
    vi.stubGlobal('crypto', broken)
    await expectRefusal(cohort.server.closePhase(), noRandomness)
    vi.unstubAllGlobals()
    expect((await cohort.server.closePhase()).done).toBe(false)
  })
})

test.each(MODELS)(
  '$adversary: nothing but the generator decides what is drawn: Math.random is never asked',
  async (model) => {
    const crypto = await defaultCrypto()
    const callers: string[] = []
    vi.spyOn(Math, 'random').mockImplementation(() => {
      callers.push(new Error('asked').stack ?? '')
      return 0.5
    })
    const opened = await openedRound('masked-input', { ...model, crypto })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
    Math.random()
    expect(callers.length).toBeGreaterThan(0)
    expect(callers.filter((stack) => /\/src\/|secret-sharing|noble/.test(stack))).toEqual([])
  },
)

describe.each(MODELS)('$adversary: a generator that gives', (model) => {
  const broken = (randomBytes: CryptoProvider['randomBytes']): CryptoProvider => ({
    ...toyCrypto(1),
    randomBytes,
  })

  test.each([1, 0xff])(
    'nothing but bytes of %d: the client’s two keys are one, and the server refuses them',
    async (byte) => {
      const { config, server, signers, verifyIdentity } = await makeCohort(model)
      const crypto = broken((length) => new Uint8Array(length).fill(byte))
      const input = new Uint16Array(5)
      const session = new ClientSession({
        config,
        seat: 0,
        input,
        crypto,
        signer: signers[0],
        verifyIdentity,
      })
      expectRefused(await server.receive(0, await session.start()), {
        code: 'duplicate-key',
        fault: 'peer',
        phase: 'advertise-keys',
        culprits: [0],
      })
    },
  )

  test('nothing but zeros: the client does not even begin', async () => {
    const crypto = broken((length) => new Uint8Array(length))
    const { sessions } = await makeCohort({ ...model, clientOptions: () => ({ crypto }) })
    await expect(sessions[0]!.start()).rejects.toMatchObject({ code: 'no-randomness', fault: 'crypto' })
  })

  test('the same again and again: the client itself goes no further, whatever the server publishes', async () => {
    const stuck = broken((length) => new Uint8Array(length).fill(1))
    const cohort = await makeCohort({
      ...model,
      clientOptions: (seat) => (seat === 0 ? { crypto: stuck } : {}),
    })
    const entries = []
    for (const [seat, session] of cohort.sessions.entries()) {
      entries.push({ seat, value: advertiseKeys(cohort.config).read(await session.start()) })
    }
    const attempt = cohort.sessions[0]!.receive(publishedKeys(cohort.config).write(entries))
    const expected = { code: 'duplicate-key', fault: 'server', phase: 'share-keys', concerning: [0] } as const
    await expectRefusal(attempt, expected)
  })

  test('two clients the same, as copies of one virtual machine do: one of them is refused', async () => {
    const opened = await openedRound('share-keys', {
      ...model,
      clientOptions: (seat) => (seat === 1 || seat === 3 ? { crypto: toyCrypto(77) } : {}),
    })
    expect(opened.server.report.refused).toMatchObject([{ seat: 3, code: 'duplicate-key' }])
    expect(opened.server.report.phases[0]!.accepted).toEqual([0, 1, 2, 4])
    expect(await finish(opened)).toEqual([0, 1, 2, 4])
  })
})

test('bytes are taken for broken if all are zero, and not if all but one are', () => {
  for (let place = 0; place < 32; place++) {
    const bytes = new Uint8Array(32)
    const crypto = { ...nobleCrypto(), randomBytes: () => bytes }
    expect(() => drawSecret(crypto, 32)).toThrow(expect.objectContaining({ code: 'no-randomness' }))
    bytes[place] = 0x80
    expect(drawSecret(crypto, 32)).toEqual(bytes)
  }
})
