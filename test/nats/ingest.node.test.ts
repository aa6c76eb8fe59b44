import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createRoundConfig } from 'secagg'
import { natsIngest, natsUnmasker, runWorker } from 'secagg/nats'
import { connectionPair, runClient, serveRound, socketConnection } from 'secagg/transport'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { SliceStore } from '../../src/plane/index.js'
import { startNatsServer, type TestBroker } from '../support/nats-server.js'

const KEY = new Uint8Array(32).fill(6)
const HEX = '06'.repeat(32)
const CLIENTS = 8

let broker: TestBroker
const processes: ChildProcess[] = []
beforeAll(async () => {
  broker = await startNatsServer()
})
afterAll(async () => {
  for (const process of processes) process.kill('SIGKILL')
  await broker.close()
})

/** Starts `secagg ingest` as a process of its own, on a free port. */
function startIngest(): Promise<ChildProcess> {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
  const args = ['--import', 'tsx', cli, 'ingest', '--nats', broker.servers, '--listen', '0']
  const process = spawn(globalThis.process.execPath, args, {
    env: { ...globalThis.process.env, SECAGG_CLUSTER_KEY: HEX },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.push(process)
  return new Promise((resolve, reject) => {
    process.stdout!.on('data', (text) => String(text).includes('listening') && resolve(process))
    process.once('exit', () => reject(new Error('secagg ingest has ended')))
  })
}

function memoryStore(): SliceStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    put: (group, block, bytes) => void kept.set(`${group} ${block}`, bytes),
    get: (group, block) => kept.get(`${group} ${block}`) ?? new Uint8Array(0),
    discard: (group) => {
      for (const key of [...kept.keys()]) if (key.startsWith(`${group} `)) kept.delete(key)
    },
  }
}

/** Runs a round over the broker. `disturb` is called when vectors are collected. */
async function play(id: number, sliceLength: number | undefined, disturb: () => void) {
  const store = memoryStore()
  const connection = { servers: broker.servers }
  const unmasker = await natsUnmasker({ connection, key: KEY, localBytes: 0 })
  const worker = await runWorker({ connection, key: KEY, threads: 0 })
  const { plane, close } = await natsIngest({
    ...{ connection, key: KEY, unmasker, storeFor: () => store },
    ...{ pollTime: 50, reuploadTime: 10_000, groupSize: 2 },
  })
  const config = createRoundConfig({
    sessionId: new Uint8Array(32).fill(id),
    clients: CLIENTS,
    threshold: 5,
    minimumCohort: 5,
    adversary: 'honest-but-curious',
    segments: [
      { length: 70_000, bits: 20, bound: 1000 },
      { length: 3, bits: 64, bound: 1000 },
    ],
    sliceLength,
  })
  const onEvent = ({ type, ...event }: { type: string; phase?: string }): void => {
    if (type === 'phase-opened' && event.phase === 'masked-input') disturb()
  }
  const round = serveRound({ config, plane, deadline: 30_000, farewell: 500, onEvent })
  const input = (seat: number) => (range: { from: number; to: number }) => {
    const count = (from: number, to: number): number =>
      Math.max(0, Math.min(range.to, to) - Math.max(range.from, from))
    return [
      new Uint32Array(count(0, 70_000)).fill(seat + 1),
      new BigUint64Array(count(70_000, 70_003)).fill(BigInt(seat)),
    ]
  }
  const whole = { from: 0, to: 70_003 }
  const ends = Array.from({ length: CLIENTS }, (_, seat) => {
    const connect = () => {
      const [ours, theirs] = connectionPair()
      round.connect(seat, theirs)
      return ours
    }
    const openUpload = (address: string) => socketConnection(new WebSocket(address))
    const own = sliceLength === undefined ? input(seat)(whole) : input(seat)
    return runClient(connect, { config, seat, input: own, openUpload })
  })
  const { sum, report } = await round.outcome
  await round.closed
  for (const end of ends) expect(await end).toEqual({ included: true })
  expect(report.survivors).toHaveLength(CLIENTS)
  expect(sum).toEqual([new Uint32Array(70_000).fill(36), new BigUint64Array(3).fill(28n)])
  expect(store.kept.size).toBe(0)
  await close()
  await unmasker.close()
  await worker.close()
}

test('vectors go over WebSockets to processes of the command line', async () => {
  await Promise.all([startIngest(), startIngest()])
  await play(1, undefined, () => undefined)
  await play(2, 10_000, () => undefined)
})

test('a process that is killed costs a second upload', async () => {
  await startIngest()
  await play(3, 10_000, () => setTimeout(() => processes[0]!.kill('SIGKILL'), 30))
  await play(4, undefined, () => setTimeout(() => processes[1]!.kill('SIGKILL'), 60))
})
