import { randomFillSync } from 'node:crypto'
import type { Measurements } from './welch.js'

/** Something to be timed with two classes of inputs. */
export interface Operation {
  readonly name: string
  /** What the classes differ in. */
  readonly classes: string
  /** Whether it takes the same time by the way it is written; in words. */
  readonly construction: string
  /**
   * Makes the next input; not timed. Both classes do the same work for it, and leave it at the same place: the fixed one
   * only throws away what was drawn.
   */
  prepare(fixed: boolean): void | Promise<void>
  /** What is timed. */
  run(): unknown
  /** For what has no inputs: the class by what came out. */
  classify?(): 0 | 1
}

/** When measuring ends: after so many measurements, or after so many seconds, whichever is first. */
export interface Limits {
  readonly measurements: number
  readonly seconds: number
}

/** Before this part of the measurements the engine is still compiling. */
const WARM_UP = 0.1

/** Measures an operation on both classes, in random order. */
export async function measureClasses(operation: Operation, limits: Limits): Promise<Measurements> {
  const times = new Float64Array(limits.measurements)
  const classes = randomFillSync(new Uint8Array(limits.measurements)).map((byte) => byte & 1)
  const end = performance.now() + 1000 * limits.seconds
  let count = 0
  for (; count < times.length && performance.now() < end; count++) {
    const prepared = operation.prepare(classes[count] === 0)
    if (prepared !== undefined) await prepared
    const start = process.hrtime.bigint()
    const result = operation.run()
    // Where it promises something it is not over before.
    if (result instanceof Promise) await result
    times[count] = Number(process.hrtime.bigint() - start)
    const found = operation.classify?.()
    if (found !== undefined) classes[count] = found
  }
  const from = Math.floor(count * WARM_UP)
  return { times: times.slice(from, count), classes: classes.slice(from, count) }
}

/**
 * A buffer that holds `fixed`, or random bytes in its place, without the bits that `mask` lacks. Either way it is made of
 * both, so that caches and allocators are left in the same state.
 */
export function secretBuffer(
  fixed: Uint8Array,
  mask: Uint8Array = new Uint8Array(fixed.length).fill(255),
): { readonly bytes: Uint8Array; next(isFixed: boolean): void } {
  const bytes = new Uint8Array(fixed.length)
  const drawn = new Uint8Array(fixed.length)
  return {
    bytes,
    next: (isFixed) => {
      randomFillSync(drawn)
      const taken = -Number(isFixed)
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = ((fixed[i]! & taken) | (drawn[i]! & ~taken)) & mask[i]!
      }
    },
  }
}
