import { describe, expect, test } from 'vitest'
import { expectRefused } from '../attacks/support.js'
import { type CohortOptions, makeCohort } from '../support/cohort.js'
import { makeScene } from '../transport/support.js'

const CURIOUS: CohortOptions = { clients: 5, adversary: 'honest-but-curious' }
const ACTIVE: CohortOptions = { clients: 5, adversary: 'active' }
const SMALL = { clients: 2, segments: [{ length: 1, bits: 8, bound: 'modular' }] } as const

/** Its first message is longer or shorter than the one that is due, and says which configuration it is of. */
describe('a client that is configured for another round hears that its configuration differs:', () => {
  const cases: [string, CohortOptions, Partial<CohortOptions>][] = [
    ['the active model', CURIOUS, { adversary: 'active' }],
    [
      'the active model, in a round whose messages are all short',
      { ...CURIOUS, ...SMALL },
      { ...ACTIVE, ...SMALL },
    ],
    ['the honest-but-curious model', ACTIVE, { adversary: 'honest-but-curious' }],
    ['longer signatures', ACTIVE, { signatureLength: 70 }],
    ['another threshold', ACTIVE, { threshold: 5 }],
    ['another context', ACTIVE, { context: { model: Uint8Array.of(1) } }],
  ]
  test.each(cases)('%s', async (_, options, other) => {
    const { server, config } = await makeCohort(options)
    const theirs = { ...options, ...other, sessionId: config.sessionId }
    const signer = { sign: async () => new Uint8Array(stranger.config.signatureLength) }
    const stranger = await makeCohort({ ...theirs, clientOptions: () => ({ signer }) })
    const first = await stranger.sessions[1]!.start()
    expectRefused(await server.receive(1, first), {
      code: 'configuration-mismatch',
      fault: 'peer',
      phase: 'advertise-keys',
      culprits: [1],
    })

    const scene = await makeScene(options, { deadline: 100 })
    const { config: own, verifyIdentity } = stranger
    const part = scene.join(1, { config: own, signer, verifyIdentity, retryAfter: () => undefined })
    const ended = await scene.clock.until(part.catch((error: unknown) => error))
    expect(ended).toMatchObject({ code: 'message-refused', got: 'configuration-mismatch' })
  })

  test('but the right hash does not excuse a wrong length', async () => {
    const { server, sessions } = await makeCohort(CURIOUS)
    const first = await sessions[1]!.start()
    for (const bytes of [Uint8Array.of(...first, 0), first.slice(0, -1), first.slice(0, 34)]) {
      expectRefused(await server.receive(1, bytes), {
        code: 'malformed-message',
        fault: 'peer',
        phase: 'advertise-keys',
        culprits: [1],
      })
    }
  })
})
