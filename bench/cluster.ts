/**
 * Unmasking by two workers of one thread each, over a broker on this machine, and by the pool with two threads. By default the
 * masks of 500 clients of which 150 dropped out, for a vector of 10^6 elements of 32 bits.
 *
 *     npm run bench:cluster -- --terms 52850 --length 1000000
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeCrypto } from 'secagg/crypto'
import { natsUnmasker } from 'secagg/nats'
import type { MaskPlan } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { startNatsServer } from '../test/support/nats-server.js'

const { values } = parseArgs({
  options: {
    terms: { type: 'string', default: '52850' },
    length: { type: 'string', default: '1000000' },
    repeat: { type: 'string', default: '2' },
  },
})
const [terms, length, repeat] = [values.terms, values.length, values.repeat].map(Number) as [
  number,
  number,
  number,
]
/** The terms of one client that dropped out. */
const PLAN = 350
const WORKERS = 2

type Internals = typeof import('../src/nats/nats-unmasker.js')
const { unmaskerOf } = (await import(
  new URL('../dist/nats/nats-unmasker.js', import.meta.url).href
)) as Internals

const suite = nodeCrypto()!.suites.aes!
const segments = [{ length, bits: 32 }]

async function* plans(): AsyncGenerator<MaskPlan> {
  for (let from = 0; from < terms; from += PLAN) {
    yield Array.from({ length: Math.min(PLAN, terms - from) }, (_, index) => {
      const seed = new Uint8Array(16)
      new DataView(seed.buffer).setUint32(0, from + index)
      return { seed, sign: index % 2 === 0 ? 1 : -1 }
    })
  }
}

const broker = await startNatsServer()
const key = randomBytes(32)
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const workers = Array.from({ length: WORKERS }, () =>
  spawn(process.execPath, [cli, 'worker', '--nats', broker.servers, '--threads', '1'], {
    env: { ...process.env, SECAGG_CLUSTER_KEY: key.toString('hex') },
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
)
await Promise.all(workers.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))))
const cluster = await natsUnmasker({ connection: { servers: broker.servers }, key })
const pool = await createMaskPool({ workers: WORKERS })

async function onCluster(): Promise<Uint32Array> {
  const sum = new Uint32Array(length)
  const blocks = unmaskerOf(cluster)!.unmask({
    configHash: new Uint8Array(32),
    clients: 500,
    segments,
    suite,
    suiteName: 'aes',
    terms,
    plans: plans(),
    read: async (range = { from: 0, to: length }) => [new Uint32Array(range.to - range.from)],
  } as Parameters<NonNullable<ReturnType<Internals['unmaskerOf']>>['unmask']>[0])
  for await (const { range, elements } of blocks) sum.set(elements[0] as Uint32Array, range.from)
  return sum
}

async function onPool(): Promise<Uint32Array> {
  const sum = new Uint32Array(length)
  for await (const plan of plans()) await pool.execute([sum], segments, plan, suite)
  return sum
}

async function timed(run: () => Promise<Uint32Array>): Promise<{ seconds: number; sum: Uint32Array }> {
  const start = performance.now()
  const sum = await run()
  return { seconds: (performance.now() - start) / 1000, sum }
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const bytes = 4 * length * terms
try {
  for (let run = 0; run < repeat; run++) {
    const there = await timed(onCluster)
    const here = await timed(onPool)
    if (!Buffer.from(there.sum.buffer).equals(Buffer.from(here.sum.buffer)))
      throw new Error('the sums differ')
    const rate = ({ seconds }: { seconds: number }): string =>
      `${seconds.toFixed(1)} s, ${(bytes / seconds / 1e9).toFixed(2)} GB/s`
    print(
      `two workers: ${rate(there)}; a pool with two threads: ${rate(here)}; ratio of the speeds ${(here.seconds / there.seconds).toFixed(2)}`,
    )
  }
} finally {
  for (const child of workers) child.kill()
  await cluster.close()
  await pool.close()
  await broker.close()
}
