// The one program of the matrix: a round, and a mask on two threads. Each bundler bundles it with an entry of its own.
import { defaultCrypto } from 'secagg/crypto'
import { executeMaskPlan } from 'secagg/vector'
import { createMaskPool, type MaskPoolOptions } from 'secagg/workers'
import { runRound } from '../../package/programs/round.js'

export interface Report {
  readonly sum: readonly number[]
  readonly provider: string
  readonly threads: number
  /** Why there are fewer threads. */
  readonly failure?: string | undefined
  /** Whether the pool makes the same mask as the calling thread. */
  readonly isSameMask: boolean
}

/** More than enough elements for a pool to use its threads. */
const LENGTH = 2 ** 22

export async function report(spawn?: MaskPoolOptions['spawn']): Promise<Report> {
  const crypto = await defaultCrypto()
  const pool = await createMaskPool({ workers: 2, spawn })
  const { sum } = await runRound()
  const segments = [{ length: LENGTH, bits: 32 }]
  const plan = [{ seed: Uint8Array.from({ length: 16 }, (_, index) => index), sign: 1 }] as const
  const [here, there] = [new Uint32Array(LENGTH), new Uint32Array(LENGTH)]
  await executeMaskPlan([here], segments, plan, crypto.suites.aes!)
  await pool.execute([there], segments, plan, crypto.suites.aes!)
  const isSameMask = here.every((element, index) => element === there[index])
  const { threads, failure } = pool
  await pool.close()
  return { sum, provider: crypto.name, threads, failure: failure?.message, isSameMask }
}

/** Leaves the report, or what went wrong, where the matrix finds it: printed by a server, in a global of a page. */
export function show(spawn?: MaskPoolOptions['spawn']): void {
  const print = (line: string): void => {
    if ('document' in globalThis) Object.assign(globalThis, { seen: line })
    // biome-ignore lint/suspicious/noConsole: all servers have it.
    else console.log(line)
  }
  report(spawn).then(
    (seen) => print(JSON.stringify(seen)),
    (error: unknown) => print(JSON.stringify({ failure: String(error) })),
  )
}
