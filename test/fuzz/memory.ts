import { getHeapStatistics } from 'node:v8'
import { ensure } from './target.js'

/** What compiling and a first call may take, whatever the message. */
const FIXED = 8 * 2 ** 20

/**
 * Runs `work` on a message of `size` bytes and requires that it allocates no more than that allows, garbage included. A
 * collection in between hides some of it, so one run proves nothing; thousands do.
 */
export function withinMemory<T>(size: number, work: () => T): T {
  const before = allocated()
  const result = work()
  ensure(allocated() - before <= FIXED + 256 * size, `memory beyond what ${size} bytes allow`)
  return result
}

function allocated(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}
