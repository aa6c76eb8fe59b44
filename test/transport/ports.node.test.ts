import { Buffer } from 'node:buffer'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type * as session from 'secagg'
import { createRoundConfig } from 'secagg'
import * as transport from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { unbundledRealm } from '../support/unbundled.js'

/** An event of a port. */
type Listener = (event: { readonly data?: unknown }) => void

/** A port whose other side is controlled by the test. */
function fakePort() {
  const listeners = new Map<string, Listener[]>()
  const posted: unknown[] = []
  const port: transport.Port & { closed: boolean } = {
    closed: false,
    postMessage: (message: unknown) => void posted.push(message),
    addEventListener: (type: string, listener: Listener) => {
      listeners.set(type, [...(listeners.get(type) ?? []), listener])
    },
    close: () => {
      port.closed = true
    },
  }
  const fire = (type: string, data?: unknown): void => {
    for (const listener of listeners.get(type) ?? []) listener({ data })
  }
  return { port, posted, fire }
}

async function allOf({ messages }: transport.Connection): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const bytes of messages) all.push(bytes)
  return all
}

const MALFORMED = { name: 'SecAggError', code: 'malformed-message', fault: 'network' }
const LOST = { name: 'SecAggError', code: 'connection-lost', fault: 'network' }

test('a round in a sandbox like that of Jest, with ports from outside', async () => {
  const getRandomValues = (view: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(view)
  const realm = unbundledRealm({ crypto: { getRandomValues }, setTimeout, clearTimeout })
  const { createRoundConfig } = realm.load<typeof session>('index')
  const { messagePortConnection, runClient, serveRound } = realm.load<typeof transport>('transport/index')
  const config = createRoundConfig({
    sessionId: new Uint8Array(16),
    clients: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 2, bits: 8, bound: 'modular' }],
  })
  const round = serveRound({ config, deadline: 20_000, farewell: 0 })
  const clients = [0, 1, 2].map((seat) =>
    runClient(
      () => {
        const { port1, port2 } = new MessageChannel()
        round.connect(seat, messagePortConnection(port2))
        return messagePortConnection(port1)
      },
      { config, seat, input: Uint8Array.of(seat, 1), retryAfter: () => undefined },
    ),
  )
  expect([...(await round.outcome).sum[0]!]).toEqual([3, 3])
  expect(await Promise.all(clients)).toEqual([0, 1, 2].map(() => ({ included: true })))
})

describe('anything other than a message ends a connection over a port', () => {
  test.each<[string, unknown]>([
    ['text', 'hello'],
    ['nothing', undefined],
    ['null', null],
    ['an object', { type: 'greeting' }],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['words', Uint16Array.of(1, 2)],
    ['a view', new DataView(new ArrayBuffer(2))],
    ['what only looks like bytes', { length: 1, 0: 7, constructor: Uint8Array }],
  ])('%s', async (_, data) => {
    const { port, posted, fire } = fakePort()
    const connection = transport.messagePortConnection(port)
    fire('message', Uint8Array.of(1))
    fire('message', data)
    fire('message', Uint8Array.of(2))
    // Earlier messages are read, later ones are not.
    const messages = connection.messages[Symbol.asyncIterator]()
    expect(await messages.next()).toEqual({ done: false, value: Uint8Array.of(1) })
    await expect(messages.next()).rejects.toMatchObject({ ...MALFORMED, got: typeof data })
    await expect(connection.send(Uint8Array.of(3))).rejects.toMatchObject(LOST)
    expect([port.closed, posted.at(-1)]).toEqual([true, 'closed'])
  })

  test.each(['messageerror', 'error'])('the event %s', async (type) => {
    const { port, fire } = fakePort()
    const connection = transport.messagePortConnection(port)
    fire(type)
    await expect(allOf(connection)).rejects.toMatchObject(LOST)
    expect(port.closed).toBe(true)
  })
})

test('a port ends when its other side is closed or dies; nobody waits for it', async () => {
  const { port1, port2 } = new MessageChannel()
  const near = transport.messagePortConnection(port1)
  port2.close()
  expect(await allOf(near)).toEqual([])
  await expect(near.send(Uint8Array.of(1))).rejects.toMatchObject(LOST)

  const threads = new MessageChannel()
  const program = `
    const { workerData } = require('node:worker_threads')
    workerData.postMessage(Uint8Array.of(7))
    setTimeout(() => process.exit(), 100)`
  const port: MessagePort = threads.port2
  new Worker(program, { eval: true, workerData: port, transferList: [port] })
  expect(await allOf(transport.messagePortConnection(threads.port1))).toEqual([Uint8Array.of(7)])
})

test('a Buffer arrives unchanged, and other Buffers in the same memory stay intact', async () => {
  const beside = Buffer.from('beside')
  const sent = Buffer.from('sent')
  expect(sent.buffer).toBe(beside.buffer)
  const { port1, port2 } = new MessageChannel()
  const pairs = [
    transport.connectionPair(),
    [transport.messagePortConnection(port1), transport.messagePortConnection(port2)],
  ] as const
  for (const [near, far] of pairs) {
    const received = far.messages[Symbol.asyncIterator]()
    const sending = near.send(sent)
    // The buffer is reused immediately, as hosts do.
    sent.fill('x')
    expect(await received.next()).toEqual({ done: false, value: Uint8Array.from(Buffer.from('sent')) })
    expect(beside.toString()).toBe('beside')
    sent.write('sent')
    near.close()
    await sending
  }
})

describe('mistakes of a host are reported immediately', () => {
  const wrong = 'text' as unknown as Uint8Array
  const invalid = { name: 'SecAggError', code: 'invalid-argument', fault: 'usage', got: 'string' }

  test('a pair is given text, for example a request body that was not read as bytes', async () => {
    const [near] = transport.connectionPair()
    await expect(near.send(wrong)).rejects.toMatchObject(invalid)
  })

  test('a connection of the host delivers text, to either driver', async () => {
    const config = createRoundConfig({
      sessionId: new Uint8Array(16),
      clients: 2,
      adversary: 'honest-but-curious',
      segments: [{ length: 1, bits: 8, bound: 'modular' }],
    })
    const connection = (): transport.Connection => ({
      send: () => {},
      close: () => {},
      messages: (async function* () {
        yield wrong
      })(),
    })
    const client = transport.runClient(connection, { config, seat: 0, input: new Uint8Array(1) })
    await expect(client).rejects.toMatchObject({ code: 'invalid-argument', fault: 'usage' })

    const stop = new AbortController()
    const failed = new Promise<unknown>((resolve) => {
      const onEvent = (event: transport.ServerEvent): void => {
        if (event.type === 'disconnected') resolve(event.cause)
      }
      const round = transport.serveRound({ config, signal: stop.signal, farewell: 0, onEvent })
      round.outcome.catch(() => {})
      round.connect(0, connection())
    })
    expect(await failed).toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    stop.abort()
  })

  test('an inbox', async () => {
    let closed = 0
    const inbox = new transport.Inbox({ close: () => closed++ })
    inbox.push(wrong)
    inbox.push(Uint8Array.of(1))
    await expect(inbox[Symbol.asyncIterator]().next()).rejects.toMatchObject({ ...MALFORMED, got: 'string' })
    expect(closed).toBe(1)
  })

  test.each<[string, unknown]>([
    ['text', '\x01\x00\x00\x00a'],
    ['a view, which has no length', new DataView(new ArrayBuffer(5))],
    ['words, which would be cut to bytes', Uint16Array.of(1, 0, 0, 0, 300)],
  ])('a stream that delivers %s', async (_, piece) => {
    const stream = {
      readable: (async function* () {
        yield piece as Uint8Array
      })(),
      write: () => {},
      close: () => {},
    }
    await expect(allOf(transport.framedConnection(stream, 100))).rejects.toMatchObject({
      code: 'invalid-argument',
      fault: 'usage',
      got: typeof piece,
    })
  })
})

test('a port that refuses lists of what is handed over gets a copy', async () => {
  const { port1, port2 } = new MessageChannel()
  let refused = 0
  /** A port of workerd. */
  const strict = (port: MessagePort): transport.Port => ({
    postMessage: (...parameters: unknown[]) => {
      if (parameters.length > 1) {
        refused++
        throw new TypeError('Transfer list is not supported')
      }
      port.postMessage(parameters[0])
    },
    addEventListener: (type, listener) => port.addEventListener(type as 'message', listener),
    start: () => port.start(),
    close: () => port.close(),
  })
  const [near, far] = [port1, port2].map((port) => transport.messagePortConnection(strict(port))) as [
    transport.Connection,
    transport.Connection,
  ]
  const messages = [1, 2, 3].map((length) => new Uint8Array(length).fill(length))
  for (const message of messages) await near.send(message)
  const received: Uint8Array[] = []
  for await (const message of far.messages) {
    received.push(message)
    if (received.length === 3) break
  }
  expect(received).toEqual(messages)
  // Each side has tried once.
  expect(refused).toBe(2)
  near.close()
})
