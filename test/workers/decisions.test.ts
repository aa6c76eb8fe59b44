import { describe, expect, test } from 'vitest'
import { defaultCrypto } from '../../src/crypto/index.js'
import { executeMaskPlan } from '../../src/vector/mask.js'
import type { MaskPool } from '../../src/workers/index.js'
import { chacha, counting, difference, type Puppet, planOf, poolOf, puppets } from './support.js'

const crypto = await defaultCrypto('aes')

/** A pool whose workers are on this thread, and show which messages they get. */
async function observed(
  workers: number,
  processors: number,
): Promise<{ readonly pool: MaskPool; readonly messages: () => readonly (readonly string[])[] }> {
  const start = puppets()
  const started: Puppet[] = []
  const spawn = (): Puppet => {
    const puppet = start()
    started.push(puppet)
    return puppet
  }
  const pool = await poolOf(workers, spawn, processors)
  return { pool, messages: () => started.map(({ received }) => received.splice(0)) }
}

/** Agreements of one client with `count` others. */
async function agree(pool: MaskPool, count: number, owner = 1): Promise<void> {
  const privateKey = new Uint8Array(32).fill(owner)
  const publicKeys = Array.from({ length: count }, (_, index) =>
    Uint8Array.from({ length: 32 }, (_, at) => 31 * at + index + 1),
  )
  const secrets = await pool.crypto(crypto).x25519.sharedSecrets(privateKey, publicKeys)
  expect(secrets).toEqual(await crypto.x25519.sharedSecrets(privateKey, publicKeys))
}

/** Masks for a vector of 100 000 elements of 32 bits, and how many of them this thread makes. */
async function mask(pool: MaskPool, terms: number): Promise<number> {
  const segments = [{ length: 100_000, bits: 32 }]
  const plan = planOf(terms, chacha)
  const [here, there] = [[new Uint32Array(100_000)], [new Uint32Array(100_000)]]
  const { suite, opened } = counting(chacha)
  await pool.execute(there, segments, plan, suite)
  await executeMaskPlan(here, segments, plan, chacha)
  expect(difference(there, here)).toBeUndefined()
  return opened()
}

const NOTHING: readonly string[] = []

describe('the key agreements of a client', () => {
  test('with 58 neighbors stay on its thread', async () => {
    const { pool, messages } = await observed(2, 2)
    await agree(pool, 58)
    expect(messages()).toEqual([NOTHING, NOTHING])
  })

  test('with 99 neighbors on two processors are divided with one thread, in one message', async () => {
    const { pool, messages } = await observed(2, 2)
    await agree(pool, 99)
    expect(messages()).toEqual([['agree'], NOTHING])
  })

  test('with 499 neighbors go to as many threads as have a processor, one message each', async () => {
    const { pool, messages } = await observed(3, 4)
    await agree(pool, 499)
    expect(messages()).toEqual([['agree'], ['agree'], ['agree']])
  })

  test('of many clients at once are divided alike, although no thread has answered yet', async () => {
    const { pool, messages } = await observed(2, 3)
    await Promise.all([1, 2, 3, 4, 5, 6].map((owner) => agree(pool, 120, owner)))
    const [one, other] = messages()
    expect([...one!, ...other!].every((type) => type === 'agree')).toBe(true)
    expect([one!.length, other!.length]).toEqual([6, 6])
  })

  test('stay on its thread while the others execute a plan', async () => {
    const { pool, messages } = await observed(1, 2)
    const masking = mask(pool, 400)
    await expect.poll(() => messages().flat()).toContain('plan')
    await agree(pool, 300)
    expect(messages().flat()).not.toContain('agree')
    await masking
    await agree(pool, 300)
    expect(messages().flat()).toContain('agree')
  })
})

describe('masks', () => {
  test('of less than 16 MiB stay on the calling thread', async () => {
    const { pool, messages } = await observed(2, 2)
    expect(await mask(pool, 40)).toBe(40)
    expect(messages()).toEqual([NOTHING, NOTHING])
  })

  test('of less than 96 MiB are divided between one thread and the calling thread on two processors', async () => {
    const { pool, messages } = await observed(2, 2)
    const opened = await mask(pool, 100)
    const [one, other] = messages()
    expect(one!.filter((type) => type === 'piece').length).toBeGreaterThanOrEqual(2)
    expect(one!.filter((type) => type === 'piece').length).toBeLessThanOrEqual(6)
    expect(other).toEqual(NOTHING)
    // One of the keystreams is a sample.
    expect(opened - 1).toBeGreaterThan(0)
    expect(opened - 1).toBeLessThan(100)
  })

  test('of more than that leave the calling thread free', async () => {
    const { pool, messages } = await observed(2, 2)
    expect(await mask(pool, 260)).toBe(1)
    for (const received of messages()) expect(received.filter((type) => type === 'piece')).not.toEqual([])
  })
})
