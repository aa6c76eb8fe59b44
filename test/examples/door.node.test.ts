import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket, type WebSocketServer } from 'ws'
import { openDoor } from '../../docs/examples/coordinator/door.js'
import { answerText, claim, nextText, readChallenge } from '../../docs/examples/coordinator/handshake.js'
import { Metrics } from '../../docs/examples/coordinator/metrics.js'
import { defaultCrypto } from '../../src/index.js'

const SERVER = 'coordinator.example'
const key = new Uint8Array(32).fill(7)
const opened: (WebSocket | Socket)[] = []
let http: Server
let door: WebSocketServer
let enter: () => void

beforeEach(async () => {
  const { ed25519 } = await defaultCrypto()
  http = createServer()
  door = openDoor({
    http,
    name: SERVER,
    enrolment: {
      names: ['client-000'],
      publicKeys: [await ed25519.publicKey(key)],
      bytes: new Uint8Array(0),
    },
    longest: 10_000,
    metrics: new Metrics(),
    strangers: { most: 3, patience: 300 },
    enter: () => enter(),
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const socket of opened.splice(0)) 'terminate' in socket ? socket.terminate() : socket.destroy()
  door.close()
  http.close()
})

const port = (): number => (http.address() as AddressInfo).port

/** Resolves with `true` when it is let in, with `false` when it is sent away. */
async function knock(sign: (challenge: Uint8Array) => Promise<Uint8Array>): Promise<boolean> {
  const socket = new WebSocket(`ws://127.0.0.1:${port()}`)
  opened.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<false>((resolve) => socket.on('close', () => resolve(false)))
  const letIn = new Promise<true>((resolve) => {
    enter = () => resolve(true)
  })
  const { challenge } = await nextText(socket, readChallenge)
  socket.send(answerText({ name: 'client-000', signature: await sign(challenge) }))
  return Promise.race([closed, letIn])
}

async function honest(challenge: Uint8Array): Promise<Uint8Array> {
  const { ed25519 } = await defaultCrypto()
  return ed25519.sign(key, claim(SERVER, challenge))
}

/** A socket that is upgraded, and then neither says anything nor answers that it is being closed. */
async function silent(): Promise<{ readonly closed: Promise<void> }> {
  const socket = connect(port(), '127.0.0.1')
  opened.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const upgraded = new Promise((resolve) => socket.once('data', resolve))
  socket.write(
    [
      'GET / HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '\r\n',
    ].join('\r\n'),
  )
  await upgraded
  socket.resume()
  return { closed }
}

test('junk signatures in a client’s name do not lock it out', async () => {
  for (let count = 0; count < 40; count++) expect(await knock(async () => new Uint8Array(64))).toBe(false)
  expect(await knock(honest)).toBe(true)
})

test('how often a client that shows who it is may connect is limited', async () => {
  let times = 0
  while (times < 200 && (await knock(honest))) times++
  expect(times).toBeGreaterThanOrEqual(20)
  expect(times).toBeLessThan(200)
})

test('silent sockets do not hold the door: the oldest goes when there are too many', async () => {
  for (let count = 0; count < 5; count++) await silent()
  expect(await knock(honest)).toBe(true)
})

test('a silent socket is cut off in the time that was promised, though it does not answer', async () => {
  const begun = performance.now()
  const { closed } = await silent()
  await closed
  expect(performance.now() - begun).toBeLessThan(3000)
})

test('one that is refused and does not answer that either is cut off soon', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port()}`)
  opened.push(socket)
  socket.on('error', () => undefined)
  const { challenge } = await nextText(socket, readChallenge)
  expect(challenge).toHaveLength(32)
  socket.send('{')
  // It no longer reads, and so does not answer.
  socket.pause()
  const [server] = door.clients
  const begun = performance.now()
  await new Promise((resolve) => server!.on('close', resolve))
  expect(performance.now() - begun).toBeLessThan(10_000)
})
