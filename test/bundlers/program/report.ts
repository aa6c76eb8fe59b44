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
  /** The provider, and the sum of a round, if the platform has no native cryptography: what the library loads then. */
  readonly onDemand: { readonly provider: string; readonly sum: readonly number[] }
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
  const onDemand = await withoutNative(async () => ({
    provider: (await defaultCrypto()).name,
    sum: (await runRound()).sum,
  }))
  return { sum, provider: crypto.name, threads, failure: failure?.message, isSameMask, onDemand }
}

/** The result of `work`, during which the platform has no cryptography but a generator. */
async function withoutNative<T>(work: () => Promise<T>): Promise<T> {
  const targets = [[globalThis.crypto, 'subtle'] as const, [globalThis.process, 'getBuiltinModule'] as const]
  const hidden = targets
    .filter(([target]) => target !== undefined)
    .map(([target, name]) => ({ target, name, own: Object.getOwnPropertyDescriptor(target, name) }))
  for (const { target, name } of hidden)
    Object.defineProperty(target, name, { value: undefined, configurable: true })
  try {
    return await work()
  } finally {
    for (const { target, name, own } of hidden) {
      Reflect.deleteProperty(target, name)
      if (own !== undefined) Object.defineProperty(target, name, own)
    }
  }
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
