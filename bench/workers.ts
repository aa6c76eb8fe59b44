import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { nodeCrypto } from 'secagg/crypto'
import { executeMaskPlan, type MaskExecutor, type MaskPlan, type Vector } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import type { Candidate, Result } from './measure.js'

const TERMS = 100
const LENGTH = 2 ** 20

/** AES-128-CTR alone for some bytes of each term, its pieces given back at once, whenever a message comes. */
const RAW_KEYSTREAM = `
  const { createCipheriv } = require('node:crypto')
  const { parentPort } = require('node:worker_threads')
  const { port1 } = new MessageChannel()
  port1.close()
  const zeros = new Uint8Array(128 * 1024)
  parentPort.on('message', ({ terms, bytes }) => {
    for (let term = 0; term < terms; term++) {
      const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(term), new Uint8Array(16))
      for (let done = 0; done < bytes; done += zeros.length) {
        const piece = cipher.update(zeros)
        port1.postMessage(null, [piece.buffer])
      }
    }
    parentPort.postMessage('done')
  })
`

/** The limit: the keystream of all terms, made by bare threads that do nothing else. */
function rawKeystream(threads: 1 | 2): Candidate {
  const workers = Array.from({ length: threads }, () => new Worker(RAW_KEYSTREAM, { eval: true }))
  for (const worker of workers) worker.unref()
  return {
    name: `node:crypto AES-128-CTR alone, threads: ${threads}`,
    units: TERMS,
    run: async () => {
      const work = { terms: TERMS, bytes: (4 * LENGTH) / threads }
      const answers = workers.map((worker) => once(worker, 'message'))
      for (const worker of workers) worker.postMessage(work)
      await Promise.all(answers)
    },
  }
}

/** A mask plan on the calling thread and on a pool of two, beside the keystream alone on one thread and on two. */
export async function onThreads(): Promise<Candidate[]> {
  const aes = nodeCrypto()?.suites.aes
  if (aes === undefined) throw new Error('this Node has no AES')
  const plan: MaskPlan = Array.from({ length: TERMS }, (_, term) => ({
    seed: new Uint8Array(16).fill(term),
    sign: term % 2 === 0 ? 1 : -1,
  }))
  const pool = await createMaskPool({ workers: 2 })
  if (pool.threads !== 2) throw new Error('the pool has not two threads', { cause: pool.failure })
  const maskPlan = (name: string, execute: MaskExecutor, target: Vector): Candidate => {
    const segments = [{ length: LENGTH, bits: 32 }]
    return { name, units: TERMS, run: () => execute(target, segments, plan, aes) }
  }
  const own = (): Vector => [new Uint32Array(LENGTH)]
  const shared = (): Vector => [new Uint32Array(new SharedArrayBuffer(4 * LENGTH))]
  return [
    rawKeystream(1),
    rawKeystream(2),
    maskPlan('mask plan, calling thread', executeMaskPlan, own()),
    maskPlan('mask plan, pool of 2', pool.execute, own()),
    maskPlan('mask plan, pool of 2, shared memory', pool.execute, shared()),
  ]
}

/** By how much the second thread helps: the keystream alone, and the mask plan on memory of its own and on shared memory. */
export function speedUps(results: readonly Result[]): {
  keystream: number
  maskPlan: number
  shared: number
} {
  const [raw1, raw2, one, copied, inPlace] = results.map(({ lowerQuartile }) => lowerQuartile) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return { keystream: raw1 / raw2, maskPlan: one / copied, shared: one / inPlace }
}
