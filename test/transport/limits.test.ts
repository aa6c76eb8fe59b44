import { createRoundConfig } from 'secagg'
import { withPostQuantum } from 'secagg/post-quantum'
import { connectionPair, messageLimits, runClient, serveRound } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { expectRefusal, seatsBelow } from '../attacks/support.js'
import { type CohortOptions, makeCohort } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'

const segments = (length: number) => [{ length, bits: 7, bound: 'modular' }] as const
const SPARSE = {
  graph: { neighbors: 6, assumptions: 'unproven' },
  threshold: 3,
  minimumCohort: 4,
} as const

/** The first message of a client with hybrid key agreement, a choice of holders and a signature. */
const FIRST_OF_OTHERS = 2 + 32 + 2 * 32 + 16 + 2 * 1184 + 64

describe('no message exceeds the limits, and the longest one of each side reaches them', () => {
  test.each([
    {
      name: 'short vectors',
      parameters: { clients: 9, adversary: 'honest-but-curious', segments: segments(1) },
    },
    { name: 'signed', parameters: { clients: 9, adversary: 'active', segments: segments(1) } },
    { name: 'long vectors', parameters: { clients: 9, adversary: 'active', segments: segments(3001) } },
    { name: 'two clients', parameters: { clients: 2, adversary: 'active', segments: segments(2) } },
    {
      name: 'slices, which are longer than the others',
      parameters: {
        clients: 3,
        adversary: 'active',
        segments: [...segments(500), { length: 900, bits: 61, bound: 9 }],
        sliceLength: 333,
      },
    },
    {
      name: 'sparse',
      parameters: { clients: 12, adversary: 'honest-but-curious', segments: segments(1), ...SPARSE },
    },
  ] as const)('$name', async ({ parameters }) => {
    const { config, crypto, inputs, signers, verifyIdentity } = await makeCohort({ ...parameters })
    const longest = { fromClient: 0, fromServer: 0 }
    let slices = 0
    const round = serveRound({ config, crypto, verifyIdentity })
    await Promise.all(
      seatsBelow(config.clients).map((seat) =>
        runClient(
          () => {
            const [near, far] = connectionPair()
            round.connect(seat, far)
            return near
          },
          {
            ...{ config, crypto, seat, verifyIdentity, input: inputs[seat]!, signer: signers[seat] },
            splitSecret: toySplitter(seat),
            onEvent: (event) => {
              if (event.type === 'sent') longest.fromClient = Math.max(longest.fromClient, event.bytes)
              if (event.type === 'received') longest.fromServer = Math.max(longest.fromServer, event.bytes)
              if (event.type === 'sent' && event.phase === 'masked-input') slices++
            },
          },
        ),
      ),
    )
    await round.closed
    const limits = messageLimits(config)
    const fromClient = Math.max(longest.fromClient, FIRST_OF_OTHERS)
    expect({ ...longest, fromClient, slices: slices / config.clients }).toEqual(limits)
  })

  const HYBRID = { keyAgreement: 'x25519-ml-kem-768' } as const
  const CHOSEN = { graph: { neighbors: 7, assumptions: 'unproven' }, threshold: 4, minimumCohort: 4 } as const
  test.each([
    ['hybrid key agreement', { clients: 3, adversary: 'honest-but-curious' }, HYBRID],
    ['the active model', { clients: 3, adversary: 'honest-but-curious' }, { adversary: 'active' }],
    [
      'holders that clients choose, and hybrid key agreement',
      { clients: 9, adversary: 'honest-but-curious' },
      { ...CHOSEN, ...HYBRID, adversary: 'active' },
    ],
    [
      'neither, where the others have both',
      { clients: 9, adversary: 'active', ...CHOSEN, ...HYBRID },
      {
        adversary: 'honest-but-curious',
        graph: 'complete',
        keyAgreement: 'x25519',
        threshold: 5,
        minimumCohort: 5,
      },
    ],
  ] as const)('a client with %s is told that its configuration differs', async (_, parameters, change) => {
    const crypto = await withPostQuantum(toyCrypto(1))
    const common = { ...parameters, crypto, segments: segments(1) } as const
    const { config, verifyIdentity } = await makeCohort(common as CohortOptions)
    const other = await makeCohort({ ...common, ...change } as CohortOptions)
    const end = new AbortController()
    const round = serveRound({ config, crypto, verifyIdentity, signal: end.signal })
    round.outcome.catch(() => {})
    const [near, far] = connectionPair()
    round.connect(0, far)
    const part = runClient(() => near, {
      ...{ config: other.config, crypto, seat: 0, input: other.inputs[0]! },
      ...{ signer: other.signers[0], verifyIdentity: other.verifyIdentity, splitSecret: toySplitter(0) },
    })
    await expect(part).rejects.toMatchObject({ code: 'message-refused', got: 'configuration-mismatch' })
    end.abort()
    await round.closed
  })

  test('the limits of the largest cohort are computed without making its messages', () => {
    const config = createRoundConfig({
      sessionId: new Uint8Array(16),
      clients: 65_535,
      adversary: 'active',
      segments: segments(1),
    })
    expect(messageLimits(config)).toEqual({
      fromClient: 2 + 32 + 65_534 * 64,
      fromServer: 2 + 8192 + 65_535 * 128,
      slices: 1,
    })
  })

  test('parameters without a configuration are refused', async () => {
    const parameters = { sessionId: new Uint8Array(16), clients: 3 } as unknown as ReturnType<
      typeof createRoundConfig
    >
    await expectRefusal((async () => messageLimits(parameters))(), {
      code: 'invalid-argument',
      fault: 'usage',
      phase: undefined,
    })
  })
})
