import {
  type Connection,
  connectionPair,
  framedConnection,
  Inbox,
  messagePortConnection,
  type OwnConnection,
  runClient,
  serveRound,
  socketConnection,
} from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { ACTIVE, expectRefusal, seatsBelow } from '../attacks/support.js'
import { makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { seeded } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'
import { sockets } from './fake-socket.js'
import { VirtualClock } from './virtual-clock.js'

/** A stream that splits the bytes differently, as networks do. */
function byteStreams(cut: (bytes: Uint8Array) => readonly Uint8Array[]) {
  const [one, other] = connectionPair()
  const stream = (end: OwnConnection) => ({
    readable: end.messages,
    close: () => end.close(),
    write: async (bytes: Uint8Array) => {
      for (const piece of cut(bytes)) await end.send(piece)
    },
  })
  return [stream(one), stream(other)] as const
}

const halves = (bytes: Uint8Array): Uint8Array[] => {
  const middle = Math.ceil(bytes.length / 2)
  return [bytes.subarray(0, middle), bytes.subarray(middle)]
}

const TRANSPORTS: readonly {
  readonly name: string
  readonly make: () => readonly [Connection, Connection]
  /** Whether a sender notices that its reader is slow. */
  readonly waits: boolean
}[] = [
  { name: 'a pair in memory', make: connectionPair, waits: true },
  {
    name: 'a MessageChannel',
    waits: true,
    make: () => {
      const { port1, port2 } = new MessageChannel()
      return [messagePortConnection(port1), messagePortConnection(port2)]
    },
  },
  {
    name: 'a stream of bytes',
    waits: true,
    make: () => {
      const [one, other] = byteStreams(halves)
      return [framedConnection(one, 10_000), framedConnection(other, 10_000)]
    },
  },
  {
    name: 'sockets that are still opening',
    waits: false,
    make: () => {
      const [one, other] = sockets()
      setTimeout(() => {
        one.open()
        other.open()
      })
      return [socketConnection(one), socketConnection(other)]
    },
  },
]

describe.each(TRANSPORTS)('$name', ({ make, waits }) => {
  test('a round of many clients, in slices', async () => {
    const { config, crypto, inputs, signers, verifyIdentity } = await makeCohort({
      ...ACTIVE,
      clients: 7,
      segments: [{ length: 700, bits: 16, bound: 'modular' }],
      sliceLength: 64,
    })
    const round = serveRound({ config, crypto, verifyIdentity, maximumUploads: 2 })
    const clients = seatsBelow(7).map((seat) => {
      const session = { config, crypto, seat, verifyIdentity, input: inputs[seat]!, signer: signers[seat] }
      const connect = () => {
        const [near, far] = make()
        round.connect(seat, far)
        return near
      }
      return runClient(connect, { ...session, splitSecret: toySplitter(seat) })
    })
    const { sum, report } = await round.outcome
    expect(report.survivors).toEqual(seatsBelow(7))
    expect(sum).toEqual(sumOf(config, seatsBelow(7), inputs))
    expect(await Promise.all(clients)).toEqual(seatsBelow(7).map(() => ({ included: true })))
    await round.closed
  })

  test('what was sent before the close arrives, then the connection ends on both sides', async () => {
    const [near, far] = make()
    const messages: number[][] = []
    const reading = (async () => {
      for await (const bytes of far.messages) messages.push([...bytes])
    })()
    const large = new Uint8Array(5000).fill(7)
    await near.send(large.subarray(10, 13))
    await near.send(Uint8Array.of(2))
    near.close()
    near.close()
    await reading
    expect(messages).toEqual([[7, 7, 7], [2]])
    await expect((async () => far.send(Uint8Array.of(1)))()).rejects.toMatchObject({
      code: 'connection-lost',
    })
    await expect((async () => near.send(Uint8Array.of(1)))()).rejects.toMatchObject({
      code: 'connection-lost',
    })
    for await (const bytes of near.messages) throw new Error(`nothing was sent, but ${bytes}`)
    // The caller may change the bytes again.
    expect(large.byteLength).toBe(5000)
  })

  test('a sender waits for a slow reader', async () => {
    if (!waits) return expectPauses()
    const [near, far] = make()
    let sent = 0
    const sending = (async () => {
      for (; sent < 100; sent++) await near.send(Uint8Array.of(sent))
    })()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sent).toBeLessThan(10)
    const read: number[] = []
    for await (const [value] of far.messages) {
      read.push(value!)
      if (read.length === 100) break
    }
    await sending
    expect(read).toEqual(seatsBelow(100))
  })
})

/** A socket cannot make the other side wait. Instead, it stops reading from the network. */
async function expectPauses(): Promise<void> {
  const [one, other] = sockets()
  const connection = socketConnection(other)
  one.open()
  other.open()
  const messages = connection.messages[Symbol.asyncIterator]()
  one.send(Uint8Array.of(1).buffer)
  one.send(Uint8Array.of(2).buffer)
  expect(other.paused).toBe(1)
  expect([await messages.next(), await messages.next()].map(({ value }) => value![0])).toEqual([1, 2])
  const third = messages.next()
  expect(other.paused).toBe(0)
  one.send(Uint8Array.of(3).buffer)
  expect((await third).value).toEqual(Uint8Array.of(3))
  // If it were paused, it would not notice that the other side closes too.
  one.send(Uint8Array.of(4).buffer)
  expect(other.paused).toBe(1)
  connection.close()
  expect(other.paused).toBeLessThan(1)
  expect(one.readyState).toBe(3)
}

describe('sockets', () => {
  test('a sender waits while too much is buffered', async () => {
    const clock = new VirtualClock()
    const [one, other] = sockets()
    const connection = socketConnection(one, { highWater: 100, clock })
    const received = new Inbox()
    other.addEventListener('message', (event: MessageEvent<ArrayBuffer>) =>
      received.push(new Uint8Array(event.data)),
    )
    one.open()
    one.bufferedAmount = 101
    let sent = false
    const sending = Promise.resolve(connection.send(Uint8Array.of(1))).then(() => {
      sent = true
    })
    await clock.pass(1000)
    expect(sent).toBe(false)
    one.bufferedAmount = 100
    await clock.until(sending)
    expect((await received[Symbol.asyncIterator]().next()).value).toEqual(Uint8Array.of(1))
  })

  test('text ends the connection, and so do more messages than fit into the inbox', async () => {
    for (const hostile of ['text', 'a blob', 'flood']) {
      const [one, other] = sockets()
      const { messages } = socketConnection(other)
      one.open()
      other.open()
      if (hostile === 'text') one.other!.fire('message', 'hello')
      else if (hostile === 'a blob') one.other!.fire('message', new Blob(['hello']))
      else for (let count = 0; count < 100; count++) one.send(Uint8Array.of(count).buffer)
      expect(other.readyState).toBe(3)
      const read = async () => {
        for await (const _bytes of messages);
      }
      const code = hostile === 'flood' ? 'connection-lost' : 'malformed-message'
      await expectRefusal(read(), { code, fault: 'network', phase: undefined })
    }
  })
})

describe('a stream of bytes', () => {
  test('is split into the messages that were sent, however the network has split it', async () => {
    await seeded(3, async (random) => {
      for (let run = 0; run < 20; run++) {
        const cut = (bytes: Uint8Array): Uint8Array[] => {
          const pieces: Uint8Array[] = []
          for (let at = 0; at < bytes.length; ) {
            const length = random.below(7)
            pieces.push(bytes.subarray(at, at + length))
            at += length
          }
          return pieces
        }
        const [one, other] = byteStreams(cut)
        const sent = seatsBelow(10).map(() => random.bytes(random.below(12)))
        const sending = (async () => {
          const connection = framedConnection(one, 11)
          for (const bytes of sent) await connection.send(bytes)
          connection.close()
        })()
        const received: Uint8Array[] = []
        for await (const bytes of framedConnection(other, 11).messages) received.push(bytes)
        await sending
        expect(received).toEqual(sent)
      }
    })
  })

  test('a length above the limit ends it before memory is allocated; so does the end of the stream within a message', async () => {
    const read = async (...pieces: number[][]) => {
      const stream = {
        readable: (async function* () {
          for (const piece of pieces) yield Uint8Array.from(piece)
        })(),
        write: () => {},
        close: () => {},
      }
      for await (const _bytes of framedConnection(stream, 11).messages);
    }
    await expectRefusal(read([255, 255, 255, 255]), {
      code: 'malformed-message',
      fault: 'network',
      phase: undefined,
    })
    await expectRefusal(read([12, 0, 0, 0, 1]), {
      code: 'malformed-message',
      fault: 'network',
      phase: undefined,
    })
    await expectRefusal(read([2, 0, 0, 0], [1]), {
      code: 'connection-lost',
      fault: 'network',
      phase: undefined,
    })
    await expectRefusal(read([2, 0]), { code: 'connection-lost', fault: 'network', phase: undefined })
    const stream = byteStreams(halves)[0]
    for (const longest of [0, 1.5, 2 ** 32]) {
      expect(() => framedConnection(stream, longest)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })
})

test('wrong arguments are refused immediately', async () => {
  const { config, verifyIdentity } = await makeCohort(ACTIVE)
  const invalid = expect.objectContaining({ code: 'invalid-argument', fault: 'usage' })
  for (const wrong of [
    { deadline: -1 },
    { farewell: 2 ** 31 },
    { uploadTime: Number.NaN },
    { phases: { unmasking: { deadline: -5 } } },
  ]) {
    expect(() => serveRound({ config, verifyIdentity, ...wrong })).toThrow(invalid)
  }
  const stop = new AbortController()
  const round = serveRound({ config, verifyIdentity, signal: stop.signal })
  for (const seat of [-1, 5, 0.5]) expect(() => round.connect(seat, connectionPair()[0])).toThrow(invalid)
  stop.abort()
  await expect(round.outcome).rejects.toBe(stop.signal.reason)
  await round.closed
})

test('a socket sends what was passed to it just before the close', async () => {
  const [one, other] = sockets()
  one.open()
  other.open()
  const near = socketConnection(one)
  const far = socketConnection(other)
  const sent = near.send(Uint8Array.of(7))
  near.close()
  await sent
  const received: number[] = []
  for await (const bytes of far.messages) received.push(...bytes)
  expect(received).toEqual([7])
})

test.each([2, 3, 'closing', 'closed'])('a socket that has already ended, %s', async (readyState) => {
  const over = Object.assign(sockets()[0], { readyState })
  const connection = socketConnection(over)
  expect(await connection.messages[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  await expectRefusal(Promise.resolve(connection.send(Uint8Array.of(1))), {
    code: 'connection-lost',
    fault: 'network',
    phase: undefined,
  })
})

test('an inbox whose sender continues synchronously when it may', async () => {
  const held = [Uint8Array.of(2), Uint8Array.of(3)]
  const inbox = new Inbox({
    resume: () => {
      for (const bytes of held.splice(0)) inbox.push(bytes)
    },
  })
  inbox.push(Uint8Array.of(1))
  const messages = inbox[Symbol.asyncIterator]()
  const read: number[] = []
  for (let index = 0; index < 3; index++) {
    const nothing = new Promise<undefined>((resolve) => setTimeout(resolve, 100))
    const next = await Promise.race([messages.next(), nothing])
    read.push(...(next?.value ?? []))
  }
  expect(read).toEqual([1, 2, 3])
})

test('a port: every waiting send rejects when the port is closed', async () => {
  const { port1, port2 } = new MessageChannel()
  const near = messagePortConnection(port1)
  const far = messagePortConnection(port2)
  const settled: string[] = []
  for (let index = 0; index < 6; index++) {
    Promise.resolve(near.send(Uint8Array.of(index))).then(
      () => settled.push('sent'),
      () => settled.push('lost'),
    )
  }
  near.close()
  for await (const bytes of far.messages) expect(bytes).toHaveLength(1)
  expect(settled).toEqual(['sent', 'sent', 'sent', 'sent', 'lost', 'lost'])
})
