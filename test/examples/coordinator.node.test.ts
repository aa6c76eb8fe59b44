import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { bundle } from '../../docs/examples/coordinator/bundle.js'
import { readEnrolment, readPrivateKey } from '../../docs/examples/coordinator/enrolment.js'
import {
  answerText,
  claim,
  nextText,
  readChallenge,
  readOffer,
} from '../../docs/examples/coordinator/handshake.js'
import { countsOf } from '../../docs/examples/coordinator/task.js'
import { defaultCrypto } from '../../src/index.js'
import { killAll, type Line, Program } from './processes.js'

const SERVER = 'coordinator.example'
const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))
/** Below the packages that the programs need. */
const programs = fileURLToPath(new URL('../../.coordinator-test/', import.meta.url))
const [main, client] = [join(programs, 'main.mjs'), join(programs, 'client.mjs')]
let data: string

beforeAll(async () => {
  mkdirSync(programs, { recursive: true })
  const alias = { 'secagg/transport': source('transport/index.ts'), secagg: source('index.ts') }
  await Promise.all([bundle('main', main, alias), bundle('client', client, alias)])
})
afterEach(async () => {
  await killAll()
  rmSync(data, { recursive: true, force: true })
})
afterAll(() => rmSync(programs, { recursive: true, force: true }))

async function startCoordinator(clients: number, port = 0): Promise<{ coordinator: Program; port: number }> {
  if (port === 0) data = mkdtempSync(join(tmpdir(), 'coordinator-'))
  const coordinator = new Program(main, { clients, port, data, deadline: 30_000 })
  const listening = await coordinator.line(({ event }) => event === 'listening')
  return { coordinator, port: Number(listening.port) }
}

function startClients(names: readonly string[], port: number, rounds: number): Program {
  return new Program(client, { names: names.join(), url: `ws://127.0.0.1:${port}`, data, rounds })
}

const collects = (round: number, phase: string) => (line: Line) =>
  line.event === 'collecting' && line.round === round && line.phase === phase
const isOver = (round: number) => (line: Line) => line.event === 'round over' && line.round === round

async function getJson(port: number, path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json()
}

/** The value of each sample, which all have a name that was announced. */
async function metricsOf(port: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).trimEnd().split('\n')
  const announced = lines.flatMap((line) => /^# TYPE (\w+) (?:counter|gauge)$/.exec(line)?.[1] ?? [])
  const samples = lines.filter((line) => !line.startsWith('# '))
  return new Map(
    samples.map((line) => {
      const [, name, labels, value] = /^(\w+)(\{\w+="[\w-]+"\})? (\d+)$/.exec(line)!
      expect(announced).toContain(name)
      return [`${name}${labels ?? ''}`, Number(value)]
    }),
  )
}

/** The sum of the inputs of these seats, one thing at a time. */
function exactSum(seats: readonly number[], round: number): number[] {
  const inputs = seats.map((seat) => countsOf(seat, round))
  return Array.from(inputs[0]!, (_, thing) => inputs.reduce((sum, counts) => sum + counts[thing]!, 0))
}

describe('killed in the middle of a round, nothing is lost', () => {
  const CLIENTS = 12
  const everybody = Array.from({ length: CLIENTS }, (_, seat) => seat)

  async function expectAllInSum(port: number, round: number): Promise<void> {
    const result = { round, survivors: everybody, sum: exactSum(everybody, round) }
    expect(await getJson(port, `/rounds/${round}`)).toEqual(result)
  }

  test('the coordinator, then some clients, then both', async () => {
    let { coordinator, port } = await startCoordinator(CLIENTS)
    const { names } = readEnrolment(join(data, 'clients'))
    const groups = [0, 1, 2, 3].map((group) => names.filter((_, seat) => seat % 4 === group))
    const clients = groups.map((group) => startClients(group, port, 3))

    const restartCoordinator = async (): Promise<void> => {
      await coordinator.kill()
      coordinator = (await startCoordinator(CLIENTS, port)).coordinator
    }
    const restartClients = async (group: number): Promise<void> => {
      await clients[group]!.kill()
      // They were in the middle of it.
      for (const name of groups[group]!) {
        expect(statSync(join(data, 'clients', `${name}.state`)).size).toBeGreaterThan(32)
      }
      clients[group] = startClients(groups[group]!, port, 2)
    }
    /** The last of the processes stands still, so the round cannot come to its end; the others go on. */
    const inTheMiddle = async (round: number, phase: string, act: () => Promise<void>): Promise<void> => {
      await coordinator.line(collects(round, phase))
      clients[3]!.signal('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 100))
      await act()
      clients[3]!.signal('SIGCONT')
      await coordinator.line(isOver(round))
      await expectAllInSum(port, round)
    }

    await inTheMiddle(1, 'share-keys', async () => {
      await restartCoordinator()
      await coordinator.line(({ event, round }) => event === 'round resumed' && round === 1)
      expect(await getJson(port, '/health')).toMatchObject({ status: 'ok', round: 1 })
    })
    await inTheMiddle(2, 'share-keys', () => restartClients(0))
    await inTheMiddle(3, 'masked-input', async () => {
      await restartClients(0)
      await restartCoordinator()
    })
    expect(await clients[3]!.exited).toBe(0)
    for (const { lines } of clients.slice(1)) {
      const included = lines.filter((line) => line.event === 'round over' && line.included === true)
      expect(new Set(included.map(({ name, round }) => `${name} ${round}`)).size).toBe(9)
      expect(included).toHaveLength(9)
    }
    const metrics = await metricsOf(port)
    expect(metrics.get('coordinator_rounds_total{result="finished"}')).toBe(1)
    expect(metrics.get('coordinator_survivors')).toBe(CLIENTS)
    expect(metrics.get('coordinator_round')).toBe(3)
    expect(await getJson(port, '/rounds/4')).toEqual({ status: 'not found' })
  })
})

describe('who is not let in', () => {
  /** Gets as far as an answer to the challenge; `sign` is given the challenge. */
  async function knock(port: number, name: string, sign: (challenge: Uint8Array) => Promise<Uint8Array>) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    const closed = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.on('error', () => undefined)
    const { challenge } = await nextText(socket, readChallenge)
    socket.send(answerText({ name, signature: await sign(challenge) }))
    return { socket, closed, challenge }
  }

  /** Resolves when one client waits for the next round. */
  async function inLobby(port: number): Promise<void> {
    for (;;) {
      const { waiting } = (await getJson(port, '/health')) as { waiting: number }
      if (waiting === 1) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  test('each refusal is counted; a rogue client is shut out, and the others have their sum', async () => {
    const { coordinator, port } = await startCoordinator(4)
    const folder = join(data, 'clients')
    const { names } = readEnrolment(folder)
    const { ed25519 } = await defaultCrypto()
    const rogue = names[3]!
    const signedBy =
      (name: string, server = SERVER) =>
      (challenge: Uint8Array) =>
        ed25519.sign(readPrivateKey(folder, name), claim(server, challenge))
    const connections = (result: string) => `coordinator_connections_total{result="${result}"}`

    const unknown = await knock(port, 'nobody', signedBy(rogue))
    expect(await unknown.closed).toBe(1008)
    const first = await knock(port, rogue, signedBy(names[2]!))
    expect(await first.closed).toBe(1008)
    // What was signed for another server, or for another connection, is of no use here.
    const elsewhere = await knock(port, rogue, signedBy(rogue, 'another.example'))
    expect(await elsewhere.closed).toBe(1008)
    const replayed = await knock(port, rogue, () => signedBy(rogue)(first.challenge))
    expect(await replayed.closed).toBe(1008)
    const nonsense = new WebSocket(`ws://127.0.0.1:${port}`)
    nonsense.on('open', () => nonsense.send('{'))
    await new Promise((resolve) => nonsense.on('close', resolve))

    const oversized = await knock(port, rogue, signedBy(rogue))
    await inLobby(port)
    oversized.socket.send(new Uint8Array(100_000))
    expect(await oversized.closed).toBe(1009)
    const flooding = await knock(port, rogue, signedBy(rogue))
    await inLobby(port)
    for (let count = 0; count < 1000; count++) flooding.socket.send(Uint8Array.of(1, 2, 3))
    await flooding.closed

    expect(await metricsOf(port)).toEqual(
      new Map([
        [connections('unknown_identity'), 1],
        [connections('wrong_signature'), 3],
        [connections('no_answer'), 1],
        [connections('accepted'), 2],
        [connections('message_too_long'), 1],
        [connections('too_many_messages'), 1],
        ['coordinator_clients_connected', 0],
        ['coordinator_round', 0],
        ['coordinator_survivors', 0],
      ]),
    )
    expect(await getJson(port, '/health')).toEqual({ status: 'ok', waiting: 0 })

    // In a round it is known, until it sends what is of no use.
    const { socket, closed } = await knock(port, rogue, signedBy(rogue))
    const offered = nextText(socket, readOffer)
    const clients = startClients(names.slice(0, 3), port, 1)
    expect((await offered).round).toBe(1)
    // Each after the answer to the one before it: a burst could be cut off before the server has counted it.
    for (let count = 0; count < 100 && socket.readyState === WebSocket.OPEN; count++) {
      const answer = new Promise((resolve) => socket.once('message', resolve))
      socket.send(Uint8Array.of(1, 2, 3))
      await Promise.race([answer, closed])
    }
    await closed
    await coordinator.line(isOver(1))
    expect(await clients.exited).toBe(0)
    expect(await getJson(port, '/rounds/1')).toEqual({
      round: 1,
      survivors: [0, 1, 2],
      sum: exactSum([0, 1, 2], 1),
    })
    const metrics = await metricsOf(port)
    expect(metrics.get('coordinator_shut_out_total{reason="too-many-messages"}')).toBe(1)
    expect(metrics.get('coordinator_messages_total{status="refused"}')).toBe(65)
    expect(metrics.get('coordinator_messages_total{status="accepted"}')).toBe(15)
    expect(metrics.get('coordinator_answers_missing_total{phase="advertise-keys"}')).toBe(1)
    expect(metrics.get('coordinator_answers_missing_total{phase="unmasking"}')).toBe(0)
    expect(metrics.get('coordinator_secrets_recovered_total{client="survivor"}')).toBe(3)
    // Nobody waited for it until a deadline.
    expect(coordinator.lines.some(({ event }) => event === 'deadline')).toBe(false)
  })
})
