import { expect, test } from 'vitest'
import { homeOf, localPlane } from '../../src/plane/index.js'
import type { Phase } from '../../src/session/phase.js'
import { unmaskPhase } from '../../src/session/unmask-phase.js'
import { planeRound } from '../../src/session/vectors.js'
import { nextTurn } from '../../src/vector/pace.js'
import { encodeMessage, unmaskingCoder } from '../../src/wire/index.js'
import { expectError, seatsBelow } from '../attacks/support.js'
import { randomOf } from '../support/seeded.js'
import { SHARE_ATTACKS } from '../support/share-attacks.js'
import { toyCrypto } from '../support/toy-crypto.js'
import {
  answersOf,
  copyOfShares,
  type Shares,
  type WaitingServer,
  waitingServer,
} from '../support/waiting-server.js'

/** A server that collects shares, and how many secrets it has checked so far. */
interface Closing {
  readonly phase: Phase
  receive(seat: number): Promise<void>
  checks(): number
}

/** `onCheck`: called before each secret is checked. */
async function closing(
  round: WaitingServer,
  shares: Shares,
  { signal, onCheck }: { readonly signal?: AbortSignal; onCheck?(count: number): void } = {},
): Promise<Closing> {
  const toy = toyCrypto(2)
  let checks = 0
  const hkdf: typeof toy.sha256.hkdf = (...request) => {
    checks++
    onCheck?.(checks)
    return toy.sha256.hkdf(...request)
  }
  const { config, survivors } = round.state
  const plane = homeOf(localPlane())
  const crypto = { ...toy, sha256: { ...toy.sha256, hkdf } }
  const context = { crypto, plane, maximumUploads: 1, signal, tell: () => undefined }
  const sum = await plane.begin(planeRound(config, survivors, context))
  const phase = unmaskPhase(round.state, sum, context)
  const answers = answersOf(round, shares)
  const coder = unmaskingCoder(seatsBelow(config.clients), new Set(survivors))
  return {
    phase,
    receive: async (seat) => {
      const takeIn = await phase.check(seat, encodeMessage('unmasking', coder, answers[seat]!.shares))
      await takeIn()
    },
    checks: () => checks,
  }
}

const CLIENTS = 270
const round = await waitingServer({ clients: CLIENTS, corruptClients: 0 }, toyCrypto(1))

function spoiled(name: string): Shares {
  const shares = copyOfShares(round)
  SHARE_ATTACKS.find((attack) => attack.name === name)!.spoil(shares, round, randomOf(1))
  return shares
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'closed',
    (error: unknown) => error,
  )
}

test('the event loop has turns while shares are corrected', async () => {
  const { phase, receive } = await closing(round, spoiled('one client lies about all shares'))
  for (const seat of seatsBelow(CLIENTS)) await receive(seat)
  let turns = 0
  let isOver = false
  const counting = (async () => {
    for (; !isOver; turns++) await nextTurn()
  })()
  const { next } = await phase.close()
  isOver = true
  await counting
  expect('sum' in next).toBe(true)
  expect(turns).toBeGreaterThan(10)
})

test('a signal ends the correction, and the round stays open', async () => {
  const controller = new AbortController()
  const { phase, receive, checks } = await closing(round, spoiled('one client deals noise'), {
    signal: controller.signal,
    onCheck: (count) => count === 20 && controller.abort(new Error('enough')),
  })
  for (const seat of seatsBelow(CLIENTS)) await receive(seat)
  expect(await rejection(phase.close())).toEqual(new Error('enough'))
  expect(checks()).toBeLessThan(25)
  expect(phase.accepted.size).toBe(CLIENTS)
})

test('a host that closes again pays once, until another answer has come', async () => {
  const { phase, receive, checks } = await closing(round, spoiled('one client deals noise'))
  const expected = { code: 'wrong-share', fault: 'peer', phase: 'unmasking', concerning: [5] } as const
  for (const seat of seatsBelow(CLIENTS - 1)) await receive(seat)
  expectError(await rejection(phase.close()), expected)
  const once = checks()
  expect(once).toBeGreaterThan(CLIENTS)
  for (let again = 0; again < 5; again++) expectError(await rejection(phase.close()), expected)
  expect(checks()).toBe(once)
  await receive(CLIENTS - 1)
  expectError(await rejection(phase.close()), expected)
  expect(checks()).toBeGreaterThan(once + CLIENTS)
})

test('an answer that makes the difference makes it after a failure as well', async () => {
  const shares = copyOfShares(round)
  // With all but two answers one wrong share too many, with two more as many as can be corrected.
  const enough = round.threshold + 2 * 8
  for (let holder = 0; holder < 9; holder++) shares[3]![holder] = randomOf(holder).bytes(16)
  const { phase, receive } = await closing(round, shares)
  for (const seat of seatsBelow(enough)) await receive(seat)
  expectError(await rejection(phase.close()), {
    code: 'wrong-share',
    fault: 'peer',
    phase: 'unmasking',
    concerning: [3],
  })
  await receive(enough)
  await receive(enough + 1)
  expect('sum' in (await phase.close()).next).toBe(true)
})
