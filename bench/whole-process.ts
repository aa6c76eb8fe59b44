import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AdversaryModel } from 'secagg'
import type { SimulationResult } from 'secagg/simulate'

/** A simulated round in a process of its own, all clients and the server, with what that process took. */
export interface ProcessResult {
  readonly clients: number
  readonly neighbors: number
  readonly length: number
  readonly sliceLength: number | undefined
  readonly survivors: number
  readonly exact: boolean
  readonly seconds: number
  readonly clientMs: number
  readonly serverMs: number
  readonly peakBytes: number
  /** Peak memory over the bytes of one vector. */
  readonly vectors: number
}

export interface ProcessShape {
  readonly adversary?: AdversaryModel
  readonly clients: number
  readonly length: number
  readonly sliceLength?: number
  readonly neighbors?: number
  readonly threshold?: number
  readonly dropouts?: number
  /** The limit of the heap: without one, V8 grows it rather than collect garbage. */
  readonly heapMebibytes?: number
}

/** `secagg simulate` with elements of 32 bits. */
export function simulateInProcess(shape: ProcessShape): ProcessResult {
  const { adversary, clients, length, sliceLength, neighbors, threshold, dropouts, heapMebibytes } = shape
  const option = (name: string, value: number | string | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, `${value}`]
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
  const args = [
    ...(heapMebibytes === undefined ? [] : [`--max-old-space-size=${heapMebibytes}`]),
    cli,
    'simulate',
    ...option('adversary', adversary),
    ...option('clients', clients),
    ...option('length', length),
    ...option('slice-length', sliceLength),
    ...option('neighbors', neighbors),
    ...option('threshold', threshold),
    ...option('drop', dropouts === undefined ? undefined : `masked-input:${dropouts}`),
    '--json',
  ]
  const start = performance.now()
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const seconds = (performance.now() - start) / 1000
  const result = JSON.parse(output) as SimulationResult & { peakMemoryBytes: number }
  return {
    clients,
    neighbors: result.neighbors,
    length,
    sliceLength,
    survivors: result.survivors,
    exact: result.exact,
    seconds,
    clientMs: result.clientMs,
    serverMs: result.serverMs,
    peakBytes: result.peakMemoryBytes,
    vectors: result.peakMemoryBytes / (4 * length),
  }
}
