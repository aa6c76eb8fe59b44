import { sha256 } from '@noble/hashes/sha2.js'
import { expect, test } from 'vitest'
import {
  decodeSealed,
  decodeStatus,
  encodeRequest,
  openReply,
  signTicket,
} from '../../src/ingest/group-messages.js'
import { IngestProcess } from '../../src/ingest/ingest-process.js'
import { connectionPair } from '../../src/transport/connections/pair.js'
import { decodeNotice } from '../../src/transport/notices.js'
import { packVector } from '../../src/vector/index.js'
import { nextTurn } from '../../src/vector/pace.js'
import { encodeMaskedInput, encodeMaskedSlice } from '../support/masked-messages.js'
import { KEY } from './machines.js'

const configHash = new Uint8Array(32).fill(1)
const SLICES = 4

/** Time that passes only when the test says so. */
class Time {
  #now = 0
  readonly timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  async pass(milliseconds: number): Promise<void> {
    await settle()
    const end = this.#now + milliseconds
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.timers.delete(next)
      this.#now = next.at
      next.callback()
      await settle()
    }
    this.#now = end
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await nextTurn()
}

/** A process with one group of two seats, and a place for one vector at a time. */
async function start({ length = SLICES * 8, sliceLength = 8 } = {}) {
  const time = new Time()
  const clock = { after: (...args: Parameters<Time['after']>) => time.after(...args) }
  const process = new IngestProcess({ key: KEY, maximumSilence: 1000, idleTime: 1e6, clock })
  const open = async (epoch: number): Promise<void> => {
    const segments = [{ length, bits: 16 }]
    const shape = { seats: [0, 1], segments, sliceLength, prefix: 0, maximumUploads: 1 }
    await process.handle(encodeRequest({ kind: 'open', id: { configHash, group: 0, epoch }, shape }))
  }
  await open(1)
  const dial = (seat: number, epoch = 1) => {
    const [ours, theirs] = connectionPair()
    const client = {
      word: 'none',
      isClosed: false,
      send: (bytes: Uint8Array) => void ours.send(bytes).catch(ignore),
    }
    void process.accept(theirs).then(() => {
      client.isClosed = true
    })
    void (async () => {
      for await (const bytes of ours.messages) {
        const notice = decodeNotice(bytes)
        client.word = notice?.kind === 'refused' ? notice.code : (notice?.kind ?? 'nothing')
      }
    })().catch(ignore)
    client.send(Uint8Array.from(signTicket(KEY, { configHash, seat, group: 0, epoch })))
    return Object.assign(client, { close: () => ours.close() })
  }
  const arrived = async () => {
    const [group] = decodeStatus(
      openReply(
        await process.handle(encodeRequest({ kind: 'status', configHash, groups: [0] })),
      ) as Uint8Array,
    )
    return group?.arrived
  }
  return { time, process, open, dial, arrived }
}

function ignore(): void {}

function slice(index: number): Uint8Array {
  const packed = packVector([new Uint16Array(8).fill(index)], [{ length: 8, bits: 16 }])
  return Uint8Array.from(encodeMaskedSlice(index, packed))
}

function sendAll(client: { send(bytes: Uint8Array): void }): void {
  for (let index = 0; index < SLICES; index++) client.send(slice(index))
}

test('a connection that replaces another one and says nothing leaves no place taken', async () => {
  const { time, dial, arrived } = await start()
  const first = dial(0)
  first.send(slice(0))
  await time.pass(0)
  const second = dial(0)
  await time.pass(0)
  second.close()
  await time.pass(0)
  expect([first.isClosed, second.isClosed]).toEqual([true, true])
  sendAll(dial(1))
  await time.pass(0)
  expect(await arrived()).toEqual([1])
})

test('a connection that replaces another one sends the vector from the beginning', async () => {
  const { time, dial, arrived } = await start()
  dial(0).send(slice(0))
  await time.pass(0)
  const again = dial(0)
  sendAll(again)
  await time.pass(0)
  expect(again.word).toBe('finished')
  expect(await arrived()).toEqual([0])
})

test('a vector is counted once, whatever its client sends later', async () => {
  const { time, process, dial } = await start()
  sendAll(dial(0))
  await time.pass(0)
  for (let attempt = 0; attempt < 5; attempt++) {
    const again = dial(0)
    again.send(Uint8Array.of(7))
    await time.pass(0)
    expect(again.word).toBe('finished')
  }
  expect(process.counts.vectors).toBe(1)
})

test('a slice that comes twice is refused', async () => {
  const { time, dial, arrived } = await start()
  const hostile = dial(0)
  for (const index of [0, 1, 0]) hostile.send(slice(index))
  await time.pass(0)
  expect(hostile.word).toBe('unexpected-message')
  sendAll(dial(1))
  await time.pass(0)
  expect(await arrived()).toEqual([1])
})

test('while others wait, a client that sends slowly loses its place, and waiting is not silence', async () => {
  const { time, dial, arrived } = await start()
  const slow = dial(0)
  slow.send(slice(0))
  await time.pass(0)
  const honest = dial(1)
  sendAll(honest)
  for (let index = 1; index < SLICES - 1; index++) {
    await time.pass(900)
    slow.send(slice(index))
  }
  await time.pass(900)
  expect(slow.isClosed).toBe(true)
  expect(honest.word).toBe('finished')
  expect(await arrived()).toEqual([1])
})

test('a client that nobody waits for may be slow', async () => {
  const { time, dial, arrived } = await start()
  const slow = dial(0)
  for (let index = 0; index < SLICES; index++) {
    slow.send(slice(index))
    await time.pass(900)
  }
  expect(await arrived()).toEqual([0])
})

test('whoever waits in a group that is not served any more is let go', async () => {
  const { time, dial, open } = await start()
  const first = dial(0)
  first.send(slice(0))
  await time.pass(0)
  const second = dial(1)
  second.send(slice(0))
  await time.pass(0)
  await open(2)
  await time.pass(0)
  expect([first.isClosed, second.isClosed]).toEqual([true, true])
})

test('a process that seals a long vector says so, answers others, and has the answer later', async () => {
  const { time, process, dial, arrived, open } = await start({ length: 2 ** 22, sliceLength: 0 })
  await open(1)
  const client = dial(0)
  const vector = packVector([new Uint16Array(2 ** 22).fill(5)], [{ length: 2 ** 22, bits: 16 }])
  client.send(encodeMaskedInput(vector))
  await time.pass(0)
  while (client.word === 'none') await nextTurn()
  const id = { configHash, group: 0, epoch: 1 }
  const seal = async () => openReply(await process.handle(encodeRequest({ kind: 'seal', id })))
  const [first, second] = [seal(), seal()]
  expect(await arrived()).toEqual([0])
  // Half a second passes, and the event loop does not turn.
  for (const { at, callback } of [...time.timers]) if (at === 500) callback()
  expect([await first, await second]).toEqual(['busy', 'busy'])
  const sealed = decodeSealed((await seal()) as Uint8Array)
  expect(sealed.members).toEqual([0])
  expect(sealed.digest).toEqual(sha256(vector))
  const block = await process.handle(encodeRequest({ kind: 'block', id, index: 63 }))
  expect(openReply(block)).toEqual(vector.slice(-131_072))
  process.close()
})

test('a process that is closed leaves no timers', async () => {
  const { time, process, dial } = await start()
  dial(0).send(slice(0))
  dial(1)
  const [ours, theirs] = connectionPair()
  void process.accept(theirs)
  await time.pass(0)
  expect(time.timers.size).toBeGreaterThan(2)
  process.close()
  await time.pass(0)
  expect(time.timers.size).toBe(0)
  ours.close()
})
