import type { AddressInfo } from 'node:net'
import type { SecAggError } from 'secagg'
import {
  type ClientEvent,
  messageLimits,
  runClient,
  type ServerEvent,
  serveRound,
  socketConnection,
} from 'secagg/transport'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { CURIOUS, seatsBelow } from '../attacks/support.js'
import { makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { toySplitter } from '../support/toy-crypto.js'

const LONG = { ...CURIOUS, clients: 3, segments: [{ length: 30_000, bits: 16, bound: 'modular' }] } as const

let sockets: WebSocketServer | undefined
afterEach(() => {
  for (const socket of sockets?.clients ?? []) socket.terminate()
  sockets?.close()
})

/** The clients of a round over sockets whose server takes messages up to `maxPayload` bytes. */
async function overSockets(parameters: Parameters<typeof makeCohort>[0], maxPayload: number) {
  const { config, crypto, inputs } = await makeCohort(parameters)
  const told: ServerEvent[] = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload })
  sockets = server
  await new Promise((resolve) => server.on('listening', resolve))
  const round = serveRound({ config, crypto, deadline: 60_000, onEvent: (event) => told.push(event) })
  server.on('connection', (socket, request) => {
    socket.on('error', () => undefined)
    round.connect(Number(request.url!.slice(1)), socketConnection(socket))
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const events = seatsBelow(config.clients).map((): ClientEvent[] => [])
  const parts = seatsBelow(config.clients).map((seat) =>
    runClient(() => socketConnection(new WebSocket(`${url}/${seat}`)), {
      ...{ config, crypto, seat, input: inputs[seat]! },
      splitSecret: toySplitter(seat),
      onEvent: (event) => events[seat]!.push(event),
    }),
  )
  return { config, round, parts, events, inputs, told }
}

test('a vector that is too long for the server’s socket is sent at most once', async () => {
  const { config, round, parts, events, told } = await overSockets(LONG, 10_000)
  const outcome = round.outcome.catch((error: unknown) => error)
  const ends = await Promise.all(parts.map((part) => part.catch((error: SecAggError) => error)))
  for (const [seat, error] of ends.entries()) {
    expect(error).toMatchObject({ code: 'message-refused', fault: 'network', got: 'message-too-long' })
    expect(error).toMatchObject({ message: expect.stringContaining('sliceLength') })
    expect(error).toMatchObject({
      message: expect.stringContaining(String(messageLimits(config).fromClient)),
    })
    expect(error).toMatchObject({ cause: { code: 1009, reason: '' } })
    const vectors = events[seat]!.filter((event) => event.type === 'sent' && event.phase === 'masked-input')
    expect(vectors.length).toBeLessThanOrEqual(1)
  }
  // Nobody waits for clients that cannot send their vectors.
  expect(await outcome).toMatchObject({ code: 'too-few-clients' })
  expect(new Set(told.flatMap((event) => (event.type === 'left' ? [event.seat] : [])))).toEqual(
    new Set([0, 1, 2]),
  )
  await round.closed
})

test('in slices, as the error suggests, the same vector arrives', async () => {
  const { config, round, parts, inputs } = await overSockets({ ...LONG, sliceLength: 4096 }, 10_000)
  const { sum } = await round.outcome
  expect(sum).toEqual(sumOf(config, [0, 1, 2], inputs))
  expect(await Promise.all(parts)).toEqual([0, 1, 2].map(() => ({ included: true })))
  await round.closed
})

test('a message that is too long for the client’s socket ends the client’s part', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  sockets = server
  await new Promise((resolve) => server.on('listening', resolve))
  server.on('connection', (socket) => socket.send(new Uint8Array(5000)))
  const { config, crypto, inputs } = await makeCohort(LONG)
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  let attempts = 0
  const connect = () => {
    attempts++
    return socketConnection(new WebSocket(url, { maxPayload: 1000 }))
  }
  const error = await runClient(connect, { config, crypto, seat: 0, input: inputs[0]! }).catch(
    (thrown) => thrown,
  )
  expect(error).toMatchObject({ code: 'malformed-message', fault: 'network' })
  expect(error.message).toContain('maxPayload')
  expect(attempts).toBe(1)
})

test('if a server closes the socket, its code and reason are the cause', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  sockets = server
  await new Promise((resolve) => server.on('listening', resolve))
  server.on('connection', (socket) => socket.close(4001, 'not enrolled'))
  const { config, crypto, inputs } = await makeCohort(LONG)
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const events: ClientEvent[] = []
  const error: SecAggError = await runClient(() => socketConnection(new WebSocket(url)), {
    ...{ config, crypto, seat: 0, input: inputs[0]! },
    retryAfter: () => undefined,
    onEvent: (event) => events.push(event),
  }).catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'connection-lost', fault: 'network' })
  expect(error.cause).toMatchObject({
    code: 'connection-lost',
    got: 4001,
    message: 'the socket was closed with code 4001: "not enrolled"',
    cause: { code: 4001, reason: 'not enrolled' },
  })
  expect(events.at(-1)).toMatchObject({ type: 'disconnected', cause: error.cause })
})
