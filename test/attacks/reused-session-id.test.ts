import { server as core, dangerouslyTrustAnyIdentity } from 'secagg/protocol'
import { createAccumulator, executeMaskPlan, reduceInto, type Vector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { type CohortOptions, makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import {
  advertiseKeys,
  expectError,
  openedRound,
  seatsBelow,
  shareKeys,
  signatures,
  survivors,
  unmasking,
} from './support.js'

// A host that uses one session id for several rounds. All of them have the same configuration hash, and what a client
// signs in one is shown to the others in the next.

const SEATS = seatsBelow(12)
/** The server wants the sum of these four inputs alone. Seven of twelve recover a secret. */
const WANTED = [0, 1, 2, 3]
const OTHERS = SEATS.filter((seat) => !WANTED.includes(seat))

/** Eight sets of seven: the four, and three of the others. Each of the others is in three of the sets. */
const VIEWS = OTHERS.map((_, index) =>
  [...WANTED, ...[0, 1, 2].map((next) => OTHERS[(index + next) % OTHERS.length]!)].sort((a, b) => a - b),
)

/**
 * What each client is told in the last round; it is in its own set. Each of the others is in at most five of these twelve
 * sets, so that seven clients reveal their share of its mask key; and all twelve reveal theirs of the b of the four.
 */
const toldTo = (seat: number): readonly number[] =>
  seat < WANTED.length ? VIEWS[2 * seat]! : VIEWS[OTHERS.indexOf(seat)]!

/** The same round once more: fresh keys, but the session id, identities and inputs of all the others. */
function attempt(number: number, more: Partial<CohortOptions>): CohortOptions {
  return {
    clients: 12,
    adversary: 'active',
    corruptClients: 0,
    seed: 5,
    crypto: toyCrypto(100 + number),
    splitSecret: toySplitter(100 + number),
    ...more,
  }
}

type Signed = readonly { readonly seat: number; readonly value: Uint8Array }[]

/** A round that ends after the signatures: those over `view`, whose clients alone send their masked input. */
async function signaturesOver(view: readonly number[], options: CohortOptions): Promise<Signed> {
  const stages = SEATS.map((seat) => (view.includes(seat) ? 9 : 2))
  const opened = await openedRound('consistency-check', options, stages)
  expect([...opened.pending.keys()]).toEqual(view)
  return Promise.all(
    view.map(async (seat) => {
      const answer = await opened.sessions[seat]!.receive(opened.pending.get(seat)!)
      return { seat, value: answer.slice(2) }
    }),
  )
}

/** The last round: each client gets its own set of survivors, and old signatures over it. What each says to that. */
async function lieWith(signed: ReadonlyMap<readonly number[], Signed>, options: CohortOptions) {
  const sent = new Map<string, Uint8Array>()
  const opened = await run(await makeCohort(options), {
    until: 'consistency-check',
    onClientMessage: (seat, phase, bytes) => {
      sent.set(`${phase} ${seat}`, bytes)
      return bytes
    },
  })
  const { config, sessions } = opened
  expect(config.threshold).toBe(7)
  const answers = await Promise.all(
    SEATS.map(async (seat) => {
      const view = toldTo(seat)
      await sessions[seat]!.receive(survivors(config).write(view))
      const genuine = signatures(config).write(signed.get(view)!)
      return sessions[seat]!.receive(genuine).catch((error: unknown) => error)
    }),
  )
  return { ...opened, sent, answers }
}

/** What the server makes of the answers: of the shares those that fit its purpose, as if only the four had survived. */
async function sumOfWanted(round: Awaited<ReturnType<typeof lieWith>>): Promise<Vector> {
  const { config, crypto, sent, answers } = round
  const state: core.ServerUnmasking = {
    state: 'server-unmasking',
    config,
    graph: { kind: 'complete' },
    clients: SEATS.map((seat) => ({
      seat,
      maskKey: advertiseKeys(config).read(sent.get(`advertise-keys ${seat}`)!).maskKey,
      commitment: shareKeys(11).read(sent.get(`share-keys ${seat}`)!).commitment,
      identity: undefined,
      hybrid: undefined,
    })),
    survivors: WANTED,
    consistent: undefined,
    acknowledging: undefined,
  }
  const accepted = SEATS.map((seat) => {
    const view = toldTo(seat)
    const revealed = unmasking(config, view).read(answers[seat] as Uint8Array)
    const shares = revealed.filter(({ seat: owner }) => view.includes(owner) === WANTED.includes(owner))
    return { seat, shares }
  })
  const { state: unmasked } = await core.reconstructSecrets(state, accepted, { crypto })
  const accumulator = createAccumulator(config.segments)
  for (const seat of WANTED) accumulator.add(sent.get(`masked-input ${seat}`)!.subarray(2))
  const sum = accumulator.toVector()
  for await (const plan of core.planUnmasking(unmasked, { crypto })) {
    await executeMaskPlan(sum, config.segments, plan, crypto.suites.aes!)
  }
  reduceInto(sum, config.segments)
  return sum
}

async function attack(more: Partial<CohortOptions>) {
  const signed = new Map<readonly number[], Signed>()
  for (const [number, view] of VIEWS.entries()) {
    signed.set(view, await signaturesOver(view, attempt(number, more)))
  }
  return lieWith(signed, attempt(VIEWS.length, more))
}

describe('active, no client corrupt: eight rounds under one session id are aborted after the signatures', () => {
  test('and in the ninth nobody takes those signatures, so the server does not learn the sum of four inputs', async () => {
    const round = await attack({})
    for (const seat of SEATS) {
      const { concerning } = expectError(round.answers[seat], {
        code: 'invalid-signature',
        fault: 'server',
        phase: 'unmasking',
        concerning: expect.any(Array) as unknown as readonly number[],
      })
      expect(toldTo(seat)).toContain(concerning[0])
      expect(round.sessions[seat]!.done).toBe(false)
    }
  })

  test('where clients take any signature, the server does learn that sum', async () => {
    const verifyIdentity = dangerouslyTrustAnyIdentity()
    const options = { clientOptions: () => ({ verifyIdentity }), serverOptions: { verifyIdentity } }
    const round = await attack(options)
    expect(await sumOfWanted(round)).toEqual(sumOf(round.config, WANTED, round.inputs))
  })
})
