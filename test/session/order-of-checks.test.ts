import { type ErrorCode, PHASES, type PhaseName } from 'secagg'
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
const TYPES: Readonly<Record<PhaseName, number>> = {
  'advertise-keys': 1,
  'share-keys': 3,
  'masked-input': 5,
  'consistency-check': 7,
  unmasking: 9,
}

const CASES = [
  ...MODELS.flatMap(([name, options]) => roundsOf(options).map((phase) => [name, phase, options] as const)),
  ['in slices', 'masked-input', { ...CURIOUS, ...SLICES }] as const,
]

function roundsOf({ adversary }: CohortOptions): readonly PhaseName[] {
  return PHASES.filter((phase) => phase !== 'consistency-check' || adversary === 'active')
}

function typeIn(phase: PhaseName, { config }: Pick<CohortRun, 'config'>): number {
  return phase === 'masked-input' && config.sliceLength !== undefined ? 10 : TYPES[phase]
}

/** A round that is open, and in which client 1 is gone: it has sent nothing since the round before. */
async function opened(phase: PhaseName, options: CohortOptions): Promise<CohortRun> {
  return openedRound(phase, options, [9, Math.max(roundsOf(options).indexOf(phase) - 1, 0)])
}

describe.each(CASES)('%s, %s', (_, phase, options) => {
  test('header, type and sender are looked at before the body', async () => {
    const cohort = await opened(phase, options)
    const due = typeIn(phase, cohort)
    // One that is no seat, and in all rounds but the first one that takes no part any more.
    const strangers = phase === 'advertise-keys' ? [6] : [6, 1]
    for (const seat of strangers) {
      const expectCode = async (code: ErrorCode, ...bytes: number[]): Promise<void> => {
        const expected = { code, fault: 'peer', phase, culprits: [seat] } as const
        expectRefused(await cohort.server.receive(seat, Uint8Array.from(bytes)), expected)
      }
      await expectCode('malformed-message')
      await expectCode('malformed-message', PROTOCOL_VERSION)
      await expectCode('unsupported-version', 1, due)
      await expectCode('unexpected-message', PROTOCOL_VERSION, 2, 7)
      await expectCode('unexpected-message', PROTOCOL_VERSION, 77)
      for (const earlier of roundsOf(options).slice(0, roundsOf(options).indexOf(phase))) {
        await expectCode('late-message', PROTOCOL_VERSION, typeIn(earlier, cohort), 7)
      }
      await expectCode('unknown-seat', PROTOCOL_VERSION, due)
      await expectCode('unknown-seat', PROTOCOL_VERSION, due, 7, 0, 0, 0)
    }
    if (options.sliceLength !== undefined) return
    await finish(phase === 'advertise-keys' ? await openedRound('share-keys', cohort) : cohort)
  })

  test('that there is one already is looked at before the body, and the number of a slice before that', async () => {
    const cohort = await opened(phase, options)
    const { server, sessions, pending } = cohort
    const due = typeIn(phase, cohort)
    const inbound = pending.get(0)
    const first = inbound === undefined ? await sessions[0]!.start() : await sessions[0]!.receive(inbound)
    expect(await server.receive(0, first)).toEqual({ status: 'accepted' })
    const expectCode = async (code: ErrorCode, ...bytes: number[]): Promise<void> => {
      const receipt = await server.receive(0, Uint8Array.of(PROTOCOL_VERSION, due, ...bytes))
      expectRefused(receipt, { code, fault: 'peer', phase, culprits: [0] })
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
    const sent = new Map<PhaseName, Uint8Array>()
    const { server, config, outcome } = await run(await makeCohort(options), {
      onClientMessage: (seat, phase, bytes) => {
        if (seat === 0) sent.set(phase, bytes)
        return bytes
      },
    })
    expect(outcome?.done).toBe(true)
    for (const [phase, bytes] of sent) {
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
            phase: 'unmasking',
            culprits: [seat],
          } as const
          expectRefused(await server.receive(seat, other), expected)
        }
      }
      expectRefused(await server.receive(0, bytes.slice(0, 1)), {
        code: 'malformed-message',
        fault: 'peer',
        phase: 'unmasking',
        culprits: [0],
      })
      expect(typeIn(phase, { config })).toBe(bytes[1])
    }
    const unexpected = await server.receive(0, Uint8Array.of(PROTOCOL_VERSION, 2))
    expectRefused(unexpected, {
      code: 'unexpected-message',
      fault: 'peer',
      phase: 'unmasking',
      culprits: [0],
    })
  })
})
