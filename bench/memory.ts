import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The peak memory of a whole simulated round, clients and server, in a process of its own. */
export interface MemoryResult {
  readonly clients: number
  readonly peakBytes: number
  /** Over the bytes of one vector. */
  readonly vectors: number
}

const LENGTH = 2 ** 20

/** Rounds of more and more clients with vectors of 4 MiB: what grows with their number is not the vectors. */
export function memoryOfRounds(clientCounts: readonly number[]): MemoryResult[] {
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
  return clientCounts.map((clients) => {
    const args = [cli, 'simulate', '--clients', `${clients}`, '--length', `${LENGTH}`, '--json']
    const { peakMemoryBytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    return { clients, peakBytes: peakMemoryBytes, vectors: peakMemoryBytes / (4 * LENGTH) }
  })
}
