import { defaultCrypto, type SymmetricSuite } from 'secagg/crypto'
import {
  createVector,
  type ElementRange,
  type MaskPlan,
  type Segment,
  segmentsInRange,
  type Vector,
} from 'secagg/vector'
import type { MaskPool, MaskWorker } from 'secagg/workers'
import { afterEach, inject } from 'vitest'
import { createPoolOn } from '../../src/workers/pool.js'
import { serveMasks, type WorkerPort } from '../../src/workers/serve.js'

export const aes: SymmetricSuite = (await defaultCrypto('aes')).suites.aes!
export const chacha: SymmetricSuite = (await defaultCrypto('chacha')).suites.chacha!

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')

/** Gives a pool real threads here. In a browser it finds the worker file itself. */
export const spawn: (() => MaskWorker) | undefined =
  threads && (() => new threads.Worker(inject('workerScript'), { eval: true }))

const open: MaskPool[] = []
afterEach(async () => {
  for (const pool of open.splice(0)) await pool.close()
})

/** A pool that is closed after the test. By default, all its workers and the calling thread have a processor of their own. */
export async function poolOf(
  workers: number,
  start: (() => MaskWorker) | undefined = spawn,
  processors: number = workers + 1,
): Promise<MaskPool> {
  const pool = await createPoolOn(processors, { workers, spawn: start })
  open.push(pool)
  return pool
}

/** Starts a thread whose file is missing. */
export function spawnNowhere(): MaskWorker {
  return threads ? new threads.Worker('/nowhere/worker.js') : new Worker('/nowhere/worker.js')
}

/** A worker on this thread, so that a test can observe the messages and intervene. */
export interface Puppet extends MaskWorker {
  /** Messages to the worker, by type. */
  readonly received: string[]
  /** Ends it with an error event, as a browser would. */
  die(): void
}

/** Starts puppets. `onMessage` is called with each message to a puppet, before it arrives. */
export function puppets(onMessage: (puppet: Puppet, type: string) => void = () => undefined): () => Puppet {
  return () => {
    const { port1, port2 } = new MessageChannel()
    const listeners = new Map<string, ((event: unknown) => void)[]>()
    const emit = (type: string, event: unknown): void => {
      for (const listener of listeners.get(type) ?? []) listener(event)
    }
    const close = (): void => port1.close()
    const puppet: Puppet = {
      received: [],
      postMessage: (message, transfer) => {
        const { type } = message as { type: string }
        puppet.received.push(type)
        onMessage(puppet, type)
        port1.postMessage(message, transfer)
      },
      addEventListener: (type, listener) => {
        listeners.set(type, [...(listeners.get(type) ?? []), listener])
      },
      terminate: close,
      die: () => {
        close()
        emit('error', { message: 'it fell over', preventDefault: () => undefined })
      },
    }
    port1.onmessage = (event) => emit('message', event)
    void serveMasks(port2 as WorkerPort)
    return puppet
  }
}

/** A plan of this many terms with different seeds. */
export function planOf(terms: number, { keyLength }: SymmetricSuite): MaskPlan {
  return Array.from({ length: terms }, (_, term) => ({
    seed: new Uint8Array(keyLength).map((_, index) => 31 * index + term),
    sign: term % 3 === 0 ? -1 : 1,
  }))
}

/** Every lane width, odd lengths, a modulus that fills its lanes and one that does not. */
export const MIXED: readonly Segment[] = [
  { length: 65_537, bits: 7 },
  { length: 0, bits: 3 },
  { length: 100_003, bits: 16 },
  { length: 1, bits: 64 },
  { length: 77_777, bits: 20 },
  { length: 50_001, bits: 63 },
  { length: 13, bits: 1 },
]

/** Fills a vector with values that use all bits and depend only on their position. */
export function filled(
  segments: readonly Segment[],
  range?: ElementRange,
  memory: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): Vector {
  return createVector(range === undefined ? segments : segmentsInRange(segments, range)).map(
    (lanes, index) => {
      const bytes = new Uint8Array(memory(lanes.byteLength + 16), 8, lanes.byteLength)
      bytes.forEach((_, at) => {
        bytes[at] = 131 * at + index
      })
      const LaneArray = lanes.constructor as new (
        memory: ArrayBufferLike,
        at: number,
        length: number,
      ) => typeof lanes
      return new LaneArray(bytes.buffer, bytes.byteOffset, lanes.length)
    },
  )
}

export function sharedMemory(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes)
}

/** A suite that counts the requests for keystreams. */
export function counting(suite: SymmetricSuite): {
  readonly suite: SymmetricSuite
  readonly opened: () => number
} {
  let opened = 0
  const keystream: SymmetricSuite['keystream'] = (seed, offset) => {
    opened++
    return suite.keystream(seed, offset)
  }
  return { suite: { ...suite, keystream }, opened: () => opened }
}

/** The first difference between two vectors; `undefined` if they are equal. Faster than a deep comparison. */
export function difference(actual: Vector, expected: Vector): string | undefined {
  for (const [segment, lanes] of expected.entries()) {
    const others = actual[segment]!
    if (others.length !== lanes.length) return `segment ${segment} has ${others.length} elements`
    for (let index = 0; index < lanes.length; index++) {
      if (others[index] !== lanes[index]) return `element ${index} of segment ${segment} is ${others[index]}`
    }
  }
  return actual.length === expected.length ? undefined : `there are ${actual.length} segments`
}
