import { type ErrorCode, ROUNDS, type RoundName } from 'secagg'
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { expectRefused, finish, openedRound } from '../attacks/support.js'
import { type CohortOptions, type CohortRun, makeCohort, run } from '../support/cohort.js'

// Of a message the server looks at the header first, then at the type, the sender, the number of a slice and whether
// there is one already, and last at the body: in this order, in every round.

const CURIOUS: CohortOptions = { clients: 5, adversary: 'honest-but-curious' }
const SLICES = { segments: [{ length: 200, bits: 16, bound: 'modular' }], sliceLength: 64 } as const
const MODELS: readonly (readonly [string, CohortOptions])[] = [
  ['honest-but-curious', CURIOUS],
  ['active', { clients: 5, adversary: 'active' }],
  [
    'sparse',
    {
      ...CURIOUS,
      graph: { neighbors: 4, assumptions: 'unproven' },
      threshold: 2,
      minimumCohort: 3,
      clients: 6,
    },
  ],
]

/** The number of each round's message. */
const TYPES: Readonly<Record<RoundName, number>> = {
  'advertise-keys': 1,
  'share-keys': 3,
  'masked-input': 5,
  'consistency-check': 7,
  unmasking: 9,
}

const CASES = [
  ...MODELS.flatMap(([name, options]) => roundsOf(options).map((round) => [name, round, options] as const)),
  ['in slices', 'masked-input', { ...CURIOUS, ...SLICES }] as const,
]

function roundsOf({ adversary }: CohortOptions): readonly RoundName[] {
  return ROUNDS.filter((round) => round !== 'consistency-check' || adversary === 'active')
}

function typeIn(round: RoundName, { config }: Pick<CohortRun, 'config'>): number {
  return round === 'masked-input' && config.sliceLength !== undefined ? 10 : TYPES[round]
}

/** A round that is open, and in which client 1 is gone: it has sent nothing since the round before. */
async function opened(round: RoundName, options: CohortOptions): Promise<CohortRun> {
  return openedRound(round, options, [9, Math.max(roundsOf(options).indexOf(round) - 1, 0)])
}

describe.each(CASES)('%s, %s', (_, round, options) => {
  test('header, type and sender are looked at before the body', async () => {
    const cohort = await opened(round, options)
    const due = typeIn(round, cohort)
    // One that is no seat, and in all rounds but the first one that takes no part any more.
    const strangers = round === 'advertise-keys' ? [6] : [6, 1]
    for (const seat of strangers) {
      const expectCode = async (code: ErrorCode, ...bytes: number[]): Promise<void> => {
        const expected = { code, fault: 'peer', round, culprits: [seat] } as const
        expectRefused(await cohort.server.receive(seat, Uint8Array.from(bytes)), expected)
      }
      await expectCode('malformed-message')
      await expectCode('malformed-message', PROTOCOL_VERSION)
      await expectCode('unsupported-version', 1, due)
      await expectCode('unexpected-message', PROTOCOL_VERSION, 2, 7)
      await expectCode('unexpected-message', PROTOCOL_VERSION, 77)
      for (const earlier of roundsOf(options).slice(0, roundsOf(options).indexOf(round))) {
        await expectCode('late-message', PROTOCOL_VERSION, typeIn(earlier, cohort), 7)
      }
      await expectCode('unknown-seat', PROTOCOL_VERSION, due)
      await expectCode('unknown-seat', PROTOCOL_VERSION, due, 7, 0, 0, 0)
    }
    if (options.sliceLength !== undefined) return
    await finish(round === 'advertise-keys' ? await openedRound('share-keys', cohort) : cohort)
  })

  test('that there is one already is looked at before the body, and the number of a slice before that', async () => {
    const cohort = await opened(round, options)
    const { server, sessions, pending } = cohort
    const due = typeIn(round, cohort)
    const inbound = pending.get(0)
    const first = inbound === undefined ? await sessions[0]!.start() : await sessions[0]!.receive(inbound)
    expect(await server.receive(0, first)).toEqual({ status: 'accepted' })
    const expectCode = async (code: ErrorCode, ...bytes: number[]): Promise<void> => {
      const receipt = await server.receive(0, Uint8Array.of(PROTOCOL_VERSION, due, ...bytes))
      expectRefused(receipt, { code, fault: 'peer', round, culprits: [0] })
    }
    if (due === 10) {
      await expectCode('malformed-message', 0, 0, 0)
      await expectCode('malformed-message', 4, 0, 0, 0)
      await expectCode('malformed-message', 1, 0, 0, 0)
      await expectCode('conflicting-message', 0, 0, 0, 0)
    } else {
      await expectCode('conflicting-message')
      await expectCode('conflicting-message', 7)
    }
    expect(await server.receive(0, first)).toEqual({ status: 'duplicate' })
  })
})

describe.each(MODELS)('%s, after the sum', (_, options) => {
  test('what is repeated is a duplicate, and another message of any round is late, whatever is in it', async () => {
    const sent = new Map<RoundName, Uint8Array>()
    const { server, config, outcome } = await run(await makeCohort(options), {
      onClientMessage: (seat, round, bytes) => {
        if (seat === 0) sent.set(round, bytes)
        return bytes
      },
    })
    expect(outcome?.done).toBe(true)
    for (const [round, bytes] of sent) {
      expect(await server.receive(0, bytes)).toEqual({ status: 'duplicate' })
      for (const other of [
        bytes.slice(0, 2),
        Uint8Array.of(...bytes, 0),
        bytes.map((byte, at) => (at < 2 ? byte : ~byte)),
      ]) {
        for (const seat of [0, 1, 77]) {
          const expected = {
            code: 'late-message',
            fault: 'peer',
            round: 'unmasking',
            culprits: [seat],
          } as const
          expectRefused(await server.receive(seat, other), expected)
        }
      }
      expectRefused(await server.receive(0, bytes.slice(0, 1)), {
        code: 'malformed-message',
        fault: 'peer',
        round: 'unmasking',
        culprits: [0],
      })
      expect(typeIn(round, { config })).toBe(bytes[1])
    }
    const unexpected = await server.receive(0, Uint8Array.of(PROTOCOL_VERSION, 2))
    expectRefused(unexpected, {
      code: 'unexpected-message',
      fault: 'peer',
      round: 'unmasking',
      culprits: [0],
    })
  })
})
