import { afterEach, expect, test, vi } from 'vitest'
import { Posting, type UnmaskerContext } from '../../src/nats/posting.js'
import { createCounters } from '../../src/nats/reports.js'
import { createSeal } from '../../src/nats/sealing.js'
import { clusterNames } from '../../src/nats/subjects.js'
import { KEY } from './support.js'

afterEach(() => {
  vi.useRealTimers()
})

/** A broker that creates streams and says nothing about them, as one does whose node with the stream is lost. */
async function silentBroker(): Promise<{
  posting: Posting
  created: string[]
  published: string[]
  broker: { isUp: boolean; answers: boolean }
}> {
  const created: string[] = []
  const published: string[] = []
  const broker = { isUp: true, answers: false }
  const manager = {
    streams: { add: async ({ name }: { name: string }) => void created.push(name) },
    consumers: {
      add: async () => undefined,
      info: async () => {
        if (!broker.answers) throw new Error('timeout')
        return { num_pending: 1, num_ack_pending: 0, num_redelivered: 0 }
      },
    },
  }
  const seal = await createSeal(KEY)
  const cluster = await clusterNames(seal)
  const context = {
    broker: {
      ...{ manager, isUp: () => broker.isUp, connection: { publish: () => undefined } },
      stream: { publish: async (subject: string) => void published.push(subject) },
    },
    ...{ cluster, seal, counters: createCounters('test', {}), largestMessage: 2 ** 16 },
    options: { redeliverAfter: 1000, checkEvery: 100, patience: 60_000, attempts: 5, replicas: 1 },
  } as unknown as UnmaskerContext
  const posting = new Posting(context, await cluster.job('one', new Uint8Array(16)))
  return { posting, created, published, broker }
}

test('a stream about which the broker says nothing for seconds is replaced, and what must be there is sent again', async () => {
  const { posting, created, published, broker } = await silentBroker()
  await posting.open()
  posting.keep('seeds', new Uint8Array(1))
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  expect(await posting.check()).toBe('unknown')
  vi.setSystemTime(5900)
  expect(await posting.check()).toBe('unknown')
  // It was only an election.
  broker.answers = true
  expect(await posting.check()).toBe('busy')
  broker.answers = false
  vi.setSystemTime(11_000)
  expect(await posting.check()).toBe('unknown')
  expect(created).toHaveLength(1)
  vi.setSystemTime(17_000)
  expect(await posting.check()).toBe('lost')
  await vi.waitFor(() => expect(published).toHaveLength(2))
  expect(created).toHaveLength(2)
  // Never the same name twice, and both are deleted in the end.
  expect(new Set(created)).toEqual(posting.created)
  expect(new Set(published).size).toBe(2)
  await posting.close()
})

test('a broker that is not there says nothing either, and nothing is replaced', async () => {
  const { posting, created, broker } = await silentBroker()
  await posting.open()
  broker.isUp = false
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  for (const time of [0, 7000, 14_000]) {
    vi.setSystemTime(time)
    expect(await posting.check()).toBe('unknown')
  }
  expect(created).toHaveLength(1)
  await posting.close()
})
