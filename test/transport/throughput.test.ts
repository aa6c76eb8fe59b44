import { type Clock, socketConnection } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { FakeSocket } from './fake-socket.js'
import { VirtualClock } from './virtual-clock.js'

const MIB = 2 ** 20

/** A socket whose network sends this many bytes per millisecond. */
class DrainingSocket extends FakeSocket {
  rate: number
  sent = 0
  /** The largest number of bytes that were buffered. */
  most = 0
  readonly clock: VirtualClock
  #left = 0
  #since = 0

  constructor(clock: VirtualClock, rate: number) {
    super()
    this.clock = clock
    this.rate = rate
    Object.defineProperty(this, 'bufferedAmount', { get: () => this.#drain() })
    this.open()
  }

  override send(data: ArrayBuffer): void {
    this.#left = this.#drain() + data.byteLength
    this.sent += data.byteLength
    this.most = Math.max(this.most, this.#left)
  }

  #drain(): number {
    this.#left = Math.max(0, this.#left - (this.clock.now - this.#since) * this.rate)
    this.#since = this.clock.now
    return this.#left
  }
}

/** A data channel, which has an event for a nearly empty buffer. */
class DrainingChannel extends DrainingSocket {
  bufferedAmountLowThreshold = 0

  override send(data: ArrayBuffer): void {
    super.send(data)
    const wait = (this.bufferedAmount - this.bufferedAmountLowThreshold) / this.rate
    if (wait >= 0) this.clock.after(wait, () => this.fire('bufferedamountlow'))
  }
}

/** Timers as in a hidden tab: they fire only once in this many milliseconds. */
const throttled = (clock: VirtualClock, every: number): Clock => ({
  after: (milliseconds, callback) => {
    const due = Math.ceil((clock.now + milliseconds) / every) * every
    return clock.after(due - clock.now, callback)
  },
})

const NEVER: Clock = { after: () => () => {} }

/** The time in milliseconds that this many messages of 1 MiB take. */
async function upload(socket: DrainingSocket, clock: Clock, messages: number): Promise<number> {
  const connection = socketConnection(socket, { clock })
  const before = socket.clock.now
  const sending = (async () => {
    for (let count = 0; count < messages; count++) await connection.send(new Uint8Array(MIB))
  })()
  await socket.clock.until(sending)
  expect(socket.sent).toBe(messages * MIB)
  return socket.clock.now - before
}

/** 100 MiB a second. */
const FAST = MIB / 10

describe('a hidden tab uploads about as fast as a visible one', () => {
  test('20 MiB over a WebSocket, with one timer per second', async () => {
    const visible = new VirtualClock()
    expect(await upload(new DrainingSocket(visible, FAST), visible, 20)).toBeLessThan(300)
    const clock = new VirtualClock()
    expect(await upload(new DrainingSocket(clock, FAST), throttled(clock, 1000), 20)).toBeLessThanOrEqual(
      2000,
    )
  })

  test('256 MiB, with one timer per minute', async () => {
    const clock = new VirtualClock()
    const time = await upload(new DrainingSocket(clock, FAST), throttled(clock, 60_000), 256)
    expect(time).toBeLessThanOrEqual(6 * 60_000)
  })

  test('an arriving message is also an occasion to check the buffer', async () => {
    const clock = new VirtualClock()
    const socket = new DrainingSocket(clock, FAST)
    const connection = socketConnection(socket, { clock: NEVER })
    let sent = 0
    const sending = (async () => {
      for (; sent < 4; sent++) await connection.send(new Uint8Array(MIB))
    })()
    await clock.pass(1000)
    expect(sent).toBe(2)
    // For example a heartbeat of the server.
    socket.fire('message', Uint8Array.of(0, 7).buffer)
    await clock.until(sending)
    expect(sent).toBe(4)
  })

  test('a data channel needs no timer at all', async () => {
    const clock = new VirtualClock()
    const channel = new DrainingChannel(clock, FAST)
    channel.readyState = 'open'
    expect(await upload(channel, NEVER, 40)).toBeLessThan(500)
    expect(channel.most).toBeLessThanOrEqual(2 * MIB)
  })
})

describe('the buffered bytes stay bounded', () => {
  test('by the high-water mark if the network is the bottleneck', async () => {
    const clock = new VirtualClock()
    const socket = new DrainingSocket(clock, FAST / 100)
    await upload(socket, clock, 20)
    expect(socket.most).toBeLessThanOrEqual(2 * MIB)
  })

  test('by 64 times that if it is not', async () => {
    const clock = new VirtualClock()
    const socket = new DrainingSocket(clock, FAST)
    await upload(socket, throttled(clock, 60_000), 400)
    expect(socket.most).toBeLessThanOrEqual(65 * MIB)
  })

  test('the bound shrinks again when the network slows down', async () => {
    const clock = new VirtualClock()
    const socket = new DrainingSocket(clock, FAST)
    const connection = socketConnection(socket, { clock })
    const send = (messages: number): Promise<void> =>
      clock.until(
        (async () => {
          for (let count = 0; count < messages; count++) await connection.send(new Uint8Array(MIB))
        })(),
      )
    // Each check finds the buffer empty.
    socket.rate = 10 * MIB
    await send(200)
    expect(socket.most).toBeGreaterThan(4 * MIB)
    socket.rate = FAST / 100
    await send(100)
    socket.most = 0
    await send(20)
    expect(socket.most).toBeLessThanOrEqual(2 * MIB)
  })
})

test('closing a socket releases the senders that wait', async () => {
  const clock = new VirtualClock()
  const channel = new DrainingChannel(clock, 0.001)
  channel.readyState = 'open'
  const connection = socketConnection(channel, { clock: NEVER })
  for (let count = 0; count < 2; count++) await connection.send(new Uint8Array(MIB))
  const waiting = Promise.resolve(connection.send(new Uint8Array(1))).catch((error: unknown) => error)
  await clock.pass(10)
  channel.end()
  expect(await clock.until(waiting)).toMatchObject({ code: 'connection-lost' })
})
