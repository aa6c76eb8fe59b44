import { socketConnection } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { expectRefusal } from '../attacks/support.js'
import { FakeSocket, sockets } from './fake-socket.js'
import { VirtualClock } from './virtual-clock.js'

/** An open socket, and the iterator of its connection's messages. */
function opened(socket = new FakeSocket()) {
  const clock = new VirtualClock()
  const connection = socketConnection(socket, { clock })
  socket.open()
  const reading = (async () => {
    for await (const _bytes of connection.messages);
    return 'in good order'
  })()
  return { socket, clock, connection, reading }
}

describe('why a socket has ended', () => {
  test.each([
    [
      'more messages at once than may wait',
      66,
      Uint8Array.of(1).buffer,
      'too many messages are waiting to be read',
    ],
    ['text', 1, 'hello', undefined],
  ])('%s: reader and sender get the same reason', async (_, count, data, text) => {
    const socket = new FakeSocket()
    const connection = socketConnection(socket, { clock: new VirtualClock() })
    socket.open()
    for (let index = 0; index < count; index++) socket.fire('message', data)
    const reading = (async () => {
      for await (const _bytes of connection.messages);
    })()
    const error = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ name: 'SecAggError', fault: 'network' })
    if (text !== undefined) expect(error).toMatchObject({ message: text })
    await expect(connection.send(Uint8Array.of(1))).rejects.toBe(error)
  })

  test.each([{}, { code: 1000 }, { code: 1005, reason: '' }])('a normal close: %j', async (details) => {
    const { socket, reading } = opened()
    socket.end(details)
    expect(await reading).toBe('in good order')
  })

  test.each([
    [{ code: 1006 }, 'code 1006'],
    [{ code: 1000, reason: 'replaced' }, 'code 1000: "replaced"'],
    [{ code: 4000, reason: 'a\nb' }, String.raw`code 4000: "a\nb"`],
  ])('%j', async (details, text) => {
    const { socket, connection, reading } = opened()
    socket.end(details)
    const lost = { code: 'connection-lost', fault: 'network', phase: undefined } as const
    const error = await expectRefusal(reading, lost)
    expect(error.message).toBe(`the socket was closed with ${text}`)
    expect(error.cause).toEqual({ reason: '', ...details })
    // A sender gets the same error.
    await expect(connection.send(Uint8Array.of(1))).rejects.toBe(error)
  })

  test('an error event comes before the close event, which may not come at all', async () => {
    const { socket, clock, reading } = opened()
    socket.fire('error')
    socket.end({ code: 1009 })
    await expectRefusal(reading, { code: 'message-refused', fault: 'network', phase: undefined })
    const silent = opened()
    silent.socket.fire('error')
    const ends = expectRefusal(silent.reading, {
      code: 'connection-lost',
      fault: 'network',
      phase: undefined,
    })
    await silent.clock.until(ends)
    await clock.rest()
  })

  test('a message that is too long for a data channel is reported as too long', async () => {
    const channel = new FakeSocket()
    channel.readyState = 'open'
    const { connection } = opened(channel)
    // Browsers throw this for a message longer than `maxMessageSize`.
    channel.send = () => {
      throw new TypeError('Trying to send message larger than max-message-size')
    }
    const error = await expectRefusal(Promise.resolve(connection.send(new Uint8Array(300_000))), {
      code: 'message-refused',
      fault: 'network',
      phase: undefined,
    })
    expect(error.got).toBe('message-too-long')
    expect(error.message).toContain('300000 bytes')
    expect(error.message).toContain('sliceLength')
  })
})

describe('anything other than bytes', () => {
  test.each([['text'], [new Date(0)], [{}], [null], [5], [['a']]])(
    '%j closes the socket, with a typed error',
    async (data) => {
      const [one, other] = sockets()
      const { reading } = opened(other)
      one.open()
      other.fire('message', data)
      await expectRefusal(reading, { code: 'malformed-message', fault: 'network', phase: undefined })
      expect(other.readyState).toBe(3)
    },
  )

  test('every kind of byte array is a message', async () => {
    const socket = new FakeSocket()
    const { messages } = socketConnection(socket)
    socket.open()
    const bytes = Uint8Array.of(0, 1, 2, 3, 4)
    socket.fire('message', bytes.subarray(1, 3))
    socket.fire('message', new DataView(bytes.buffer, 3))
    socket.end()
    const received: number[][] = []
    for await (const message of messages) received.push([...message])
    expect(received).toEqual([
      [1, 2],
      [3, 4],
    ])
  })
})
