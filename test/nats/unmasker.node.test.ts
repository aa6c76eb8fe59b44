import { spawn } from 'node:child_process'
import { nobleCrypto } from 'secagg/crypto'
import { type ClusterUnmasker, type ClusterWorker, natsUnmasker, runWorker } from 'secagg/nats'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { CONSUMER, sleep } from '../../src/nats/broker.js'
import { unmaskerOf } from '../../src/nats/nats-unmasker.js'
import { lastPart, resultSubject, type StreamNames, streamNames } from '../../src/nats/subjects.js'
import { encodeResult } from '../../src/nats/task-messages.js'
import type { SumBlock, UnmaskJob } from '../../src/plane/index.js'
import { startNatsServer, type TestBroker } from '../support/nats-server.js'
import { collect, createJob, expectSum, KEY, leftOn, spy, startWorkerProcess } from './support.js'

let broker: TestBroker
beforeAll(async () => {
  broker = await startNatsServer()
})
afterAll(() => broker.close())

const unmaskOn = (own: ClusterUnmasker, job: UnmaskJob): AsyncIterable<SumBlock> =>
  unmaskerOf(own)!.unmask(job)

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  expect(await leftOn(broker.servers)).toEqual([])
})

/** Small tasks, and quick attention to what is lost. */
const QUICK = { localBytes: 0, taskBytes: 4 * 2 ** 20, redeliverAfter: 500, checkEvery: 100 }

async function unmasker(options: object = {}): Promise<ClusterUnmasker> {
  const own = await natsUnmasker({ connection: { servers: broker.servers }, key: KEY, ...QUICK, ...options })
  open.push(own)
  return own
}

async function worker(options: object = {}): Promise<ClusterWorker> {
  const own = await runWorker({ connection: { servers: broker.servers }, key: KEY, threads: 0, ...options })
  open.push(own)
  return own
}

async function stranger(key = KEY) {
  const own = await spy(broker.servers, key)
  open.push(own.connection)
  return own
}

/** Waits for the stream of a job. */
async function jobOn(own: Awaited<ReturnType<typeof stranger>>): Promise<StreamNames> {
  for (;;) {
    const [stream] = await leftOn(broker.servers)
    // The stream is there before its consumer.
    const info = stream && (await own.manager.consumers.info(stream, CONSUMER).catch(() => undefined))
    if (stream && info && info.num_pending > 0) return streamNames(stream)!
    await sleep(20)
  }
}

const countIn = (metrics: string, name: string): number =>
  Number(new RegExp(`^\\S+_${name} (\\d+)$`, 'm').exec(metrics)?.[1])

test('workers give the same sum as this process, and report how far they are', async () => {
  const fractions: number[] = []
  const sent = await createJob(60, { onProgress: (fraction) => fractions.push(fraction) })
  const own = await unmasker()
  const workers = [await worker(), await worker({ threads: 1 })]
  await expectSum(unmaskOn(own, sent.job), sent)
  expect(fractions.at(-1)).toBe(1)
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
  const tasks = countIn(own.metrics(), 'tasks_total')
  expect(tasks).toBeGreaterThan(10)
  const done = (): number => workers.reduce((sum, one) => sum + countIn(one.metrics(), 'tasks_total'), 0)
  await expect.poll(done).toBeGreaterThanOrEqual(tasks)
})

test('the other suite, and several jobs at a time', async () => {
  const suite = nobleCrypto().suites.chacha!
  const own = await unmasker()
  await worker()
  const jobs = await Promise.all([
    createJob(20, { suite, suiteName: 'chacha' }),
    createJob(30),
    createJob(1, { segments: [{ length: 3, bits: 17 }] }),
  ])
  await Promise.all(jobs.map((one) => expectSum(unmaskOn(own, one.job), one)))
})

test('a vector larger than the window of pieces in progress', async () => {
  const segments = [{ length: 34 * 2 ** 20, bits: 8 }]
  const sent = await createJob(2, { segments })
  const own = await unmasker()
  await worker()
  await expectSum(unmaskOn(own, sent.job), sent)
})

test('a worker is killed in the middle of a task', async () => {
  const sent = await createJob(400)
  const own = await unmasker({ taskBytes: 2 ** 30 })
  const victim = await startWorkerProcess(broker.servers)
  const sum = expectSum(unmaskOn(own, sent.job), sent)
  await victim.busy
  await victim.kill()
  const heir = await worker()
  await sum
  expect(countIn(heir.metrics(), 'redelivered_tasks_total')).toBeGreaterThan(0)
})

test('every task is done twice', async () => {
  const sent = await createJob(60)
  const own = await unmasker()
  const other = await stranger()
  const sum = expectSum(unmaskOn(own, sent.job), sent)
  const { stream } = await jobOn(other)
  await sleep(300)
  const consumer = await other.stream.consumers.get(stream, CONSUMER)
  const taken: { subject: string; data: Uint8Array }[] = []
  while ((await other.manager.consumers.info(stream, CONSUMER)).num_pending > 0) {
    const task = await consumer.next({ expires: 1000 })
    if (task === null) continue
    taken.push({ subject: task.subject, data: task.data.slice() })
    task.ack()
  }
  for (const [index, { subject, data }] of taken.entries()) {
    for (const copy of ['a', 'b']) {
      await other.stream.publish(subject, data, { msgID: `${copy}${index}`, retries: 3, timeout: 1000 })
    }
  }
  await Promise.all([worker(), worker()])
  await sum
  expect(countIn(own.metrics(), 'duplicate_results_total')).toBeGreaterThan(0)
})

/** Takes tasks and answers them with `make`, until `count` were answered. */
async function answer(
  own: Awaited<ReturnType<typeof stranger>>,
  names: StreamNames,
  count: number,
  make: (name: string) => Promise<Uint8Array>,
): Promise<string[]> {
  const consumer = await own.stream.consumers.get(names.stream, CONSUMER)
  const answers: string[] = []
  while (answers.length < count) {
    const task = await consumer.next({ expires: 1000 }).catch(() => undefined)
    if (task === undefined) break
    if (task === null) continue
    const name = lastPart(task.subject)
    const reply = await own.connection.request(resultSubject(names, name), await make(name), {
      timeout: 1000,
    })
    answers.push(reply.string())
    task.ack()
  }
  return answers
}

test('results of the wrong length, that are nonsense, or under another key are refused, and the task is done again', async () => {
  const sent = await createJob(60)
  const own = await unmasker({ attempts: 10 })
  const other = await stranger()
  const enemy = await stranger(new Uint8Array(32).fill(6))
  const sum = expectSum(unmaskOn(own, sent.job), sent)
  const names = await jobOn(other)
  const short = encodeResult({ type: 'sum', lanes: new Uint8Array(7) })
  const right = encodeResult({ type: 'sum', lanes: new Uint8Array(2 ** 19) })
  const answers = [
    ...(await answer(other, names, 2, (name) => other.seal.seal('result', name, short))),
    ...(await answer(other, names, 1, (name) => other.seal.seal('result', name, new Uint8Array(0)))),
    ...(await answer(other, names, 1, (name) => other.seal.seal('task', name, right))),
    ...(await answer(other, names, 1, () => other.seal.seal('result', 'another name', right))),
    ...(await answer(other, names, 1, (name) => enemy.seal.seal('result', name, right))),
    ...(await answer(other, names, 1, async () => new Uint8Array(3))),
  ]
  expect(answers).toEqual(Array(7).fill('refused'))
  await worker()
  await sum
  expect(countIn(own.metrics(), 'reissued_tasks_total')).toBeGreaterThanOrEqual(7)
})

test('a task that always fails ends the unmasking with an error', async () => {
  const { job } = await createJob(60)
  const own = await unmasker({ attempts: 3 })
  const other = await stranger()
  const result = collect(unmaskOn(own, job))
  const failure = expect(result).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
  const names = await jobOn(other)
  const failed = encodeResult({ type: 'failed', reason: 'no memory' })
  await answer(other, names, 1000, (name) => other.seal.seal('result', name, failed)).catch(() => undefined)
  await failure
})

test('the broker ends in the middle and starts again', async () => {
  let restarted: Promise<void> | undefined
  const restart = async (): Promise<void> => {
    await broker.kill()
    await sleep(200)
    await broker.start()
  }
  const sent = await createJob(100, {
    onProgress: () => {
      restarted ??= restart()
    },
  })
  const own = await unmasker()
  await worker()
  await worker()
  await expectSum(unmaskOn(own, sent.job), sent)
  await restarted
  expect(countIn(own.metrics(), 'reissued_tasks_total')).toBeGreaterThan(0)
})

test('the stream is deleted in the middle', async () => {
  const sent = await createJob(60)
  const own = await unmasker()
  const other = await stranger()
  const sum = expectSum(unmaskOn(own, sent.job), sent)
  const { stream } = await jobOn(other)
  await other.manager.streams.delete(stream)
  await worker()
  await sum
})

test('without a worker the unmasking ends with an error', async () => {
  const { job } = await createJob(60)
  const own = await unmasker({ patience: 400 })
  await expect(collect(unmaskOn(own, job))).rejects.toMatchObject({
    code: 'connection-lost',
    fault: 'network',
  })
})

test('a job ends with an error when its unmasker is closed, and so does every later one', async () => {
  const own = await unmasker()
  const { job } = await createJob(60)
  const sum = expect(collect(unmaskOn(own, job))).rejects.toMatchObject({ code: 'out-of-order' })
  await jobOn(await stranger())
  await own.close()
  await sum
  await expect(collect(unmaskOn(own, (await createJob(60)).job))).rejects.toMatchObject({
    code: 'out-of-order',
  })
})

test('a worker that is asked to end gives its task back at once', async () => {
  const sent = await createJob(100)
  const own = await unmasker({ taskBytes: 2 ** 30, redeliverAfter: 60_000, patience: 30_000 })
  const first = await worker()
  const sum = expectSum(unmaskOn(own, sent.job), sent)
  await expect.poll(() => countIn(first.metrics(), 'tasks_in_progress'), { interval: 1 }).toBe(1)
  await first.close()
  await worker()
  await sum
})

test('without a broker, too', async () => {
  const { job } = await createJob(60)
  const own = await unmasker({ patience: 400 })
  await broker.kill()
  try {
    await expect(collect(unmaskOn(own, job))).rejects.toMatchObject({ code: 'connection-lost' })
    const connection = { servers: broker.servers }
    await expect(natsUnmasker({ connection, key: KEY })).rejects.toMatchObject({ code: 'connection-lost' })
    await expect(runWorker({ connection, key: KEY })).rejects.toMatchObject({ code: 'connection-lost' })
  } finally {
    await broker.start()
  }
})

test('a signal, a failing plan, a failing callback and a caller that stops early end the unmasking', async () => {
  const own = await unmasker()
  const stop = new AbortController()
  const reason = new Error('enough')
  const aborted = expect(
    collect(unmaskOn(own, (await createJob(60, { signal: stop.signal })).job)),
  ).rejects.toBe(reason)
  await sleep(100)
  stop.abort(reason)
  await aborted
  const { job } = await createJob(60, { signal: stop.signal })
  await expect(collect(unmaskOn(own, job))).rejects.toBe(reason)

  const broken = new Error('no plan')
  const plans = (async function* () {
    yield* (await createJob(10)).job.plans
    throw broken
  })()
  await expect(collect(unmaskOn(own, { ...(await createJob(60)).job, plans }))).rejects.toBe(broken)

  await worker()
  const onProgress = (): void => {
    throw reason
  }
  await expect(collect(unmaskOn(own, (await createJob(60, { onProgress })).job))).rejects.toBe(reason)

  for await (const _ of unmaskOn(own, (await createJob(60)).job)) break
  expect(await leftOn(broker.servers)).toEqual([])
})

test('what a killed coordinator has left is deleted by the next of the same name, and by no other', async () => {
  const other = await stranger()
  const job = await other.names.job('first', new Uint8Array(16))
  const { stream, subject } = job.stream(new Uint8Array(16))
  await other.manager.streams.add({ name: stream, subjects: [`${subject}.task.*`], storage: 'memory' })
  await unmasker({ name: 'second' })
  expect(await leftOn(broker.servers)).toEqual([stream])
  await unmasker({ name: 'first' })
  expect(await leftOn(broker.servers)).toEqual([])
})

test('nothing on the broker can be read, and equal jobs do not look alike', async () => {
  const other = await stranger()
  const seen: { subject: string; data: Buffer }[] = []
  other.connection.subscribe('secagg.>', {
    callback: (_, { subject, data }) => {
      seen.push({ subject, data: Buffer.from(data) })
    },
  })
  const own = await unmasker()
  await worker()
  const seeds: Uint8Array[] = []
  for (let again = 0; again < 2; again++) {
    const { job } = await createJob(30)
    const plans = (async function* () {
      for await (const plan of job.plans) {
        seeds.push(...plan.map(({ seed }) => seed.slice()))
        yield plan
      }
    })()
    await collect(unmaskOn(own, { ...job, plans }))
  }
  expect(seeds.length).toBe(60)
  const tasks = seen.filter(({ subject }) => /\.(task|seeds|result)\./.test(subject))
  expect(tasks.length).toBeGreaterThan(10)
  expect(seen.some(({ data }) => seeds.some((seed) => data.includes(Buffer.from(seed))))).toBe(false)
  expect(seen.some(({ data }) => /segments|s\0e\0g\0/.test(data.toString('latin1')))).toBe(false)
  const names = tasks.map(({ subject }) => subject.replace(/^.*\.(task|seeds)\./, ''))
  const [first, second] = [names.slice(0, names.length / 2), names.slice(names.length / 2)]
  expect(first.filter((name) => second.includes(name))).toEqual([])
})

test('the masks of a suite that the workers do not have, and of small sums, are removed here', async () => {
  const sent = await createJob(30)
  const own = await unmasker({ localBytes: 2 ** 30 })
  await expectSum(unmaskOn(own, sent.job), sent)

  const { aes } = nobleCrypto().suites
  const suite = { ...aes!, keystream: () => ({ next: (length: number) => new Uint8Array(length).fill(1) }) }
  const far = await unmasker()
  const odd = await createJob(3, { suite })
  await expectSum(unmaskOn(far, odd.job), odd)
  expect(countIn(own.metrics(), 'jobs_total') + countIn(far.metrics(), 'jobs_total')).toBe(0)
})

test('closing leaves no timer that would keep the process alive', async () => {
  const own = await natsUnmasker({ connection: { servers: broker.servers }, key: KEY, name: 'short' })
  const started = vi.spyOn(globalThis, 'setTimeout')
  const stopped = vi.spyOn(globalThis, 'clearTimeout')
  try {
    await own.close()
    const waiting = started.mock.results.filter((_, call) => started.mock.calls[call]![1]! >= 1000)
    expect(waiting.length).toBeGreaterThan(0)
    for (const { value } of waiting) expect(stopped.mock.calls.flat()).toContain(value)
  } finally {
    started.mockRestore()
    stopped.mockRestore()
  }
})

test('the worker of the command line removes masks, shows its metrics and ends on a signal', async () => {
  const sent = await createJob(60)
  const own = await unmasker()
  const key = Buffer.from(KEY).toString('hex')
  const args = ['--import', 'tsx', 'src/cli.ts', 'worker', '--nats', broker.servers, '--metrics', '0']
  const child = spawn(process.execPath, args, {
    env: { ...process.env, SECAGG_CLUSTER_KEY: key },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await expectSum(unmaskOn(own, sent.job), sent)
  } finally {
    child.kill('SIGTERM')
  }
  expect(await ended).toBe(0)
})
