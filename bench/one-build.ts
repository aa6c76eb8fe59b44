// A part of `npm run bench:against`: times the rounds of one shape with the build that `--tsconfig` maps `secagg` to, and prints
// the result as JSON.
import { type RoundShape, timeRound } from './round.js'
import { timeScripted } from './scripted.js'

/** What one process measured. */
export interface BuildTime {
  /** Processor time of the server in the quickest of the rounds. */
  readonly serverMs: number
  /** The same for a client: the median of the timed clients. */
  readonly clientMs: number
  /** The largest memory of the process, which contains the clients too. */
  readonly peakBytes: number
}

export interface BuildTask {
  readonly shape: RoundShape
  /** Whether the clients are scripts; then only the server is timed. */
  readonly scripted: boolean
  readonly timed: number
  readonly rounds: number
}

const { shape, scripted, timed, rounds } = JSON.parse(process.argv[2] ?? '') as BuildTask
// So that no round is the first of its process.
if (scripted) await timeScripted({ ...shape, clients: Math.min(shape.clients, 500) })
else if (shape.clients <= 2000) await timeRound({ ...shape, clients: Math.min(shape.clients, 200) }, timed)
const times = { serverMs: [] as number[], clientMs: [] as number[] }
for (let round = 0; round < rounds; round++) {
  if (scripted) {
    times.serverMs.push((await timeScripted(shape)).serverMs)
    times.clientMs.push(0)
    continue
  }
  const { server, client } = await timeRound(shape, timed)
  times.serverMs.push(server.ms)
  times.clientMs.push(client.ms)
}
const result: BuildTime = {
  serverMs: Math.min(...times.serverMs),
  clientMs: Math.min(...times.clientMs),
  peakBytes: process.resourceUsage().maxRSS * 1024,
}
console.log(JSON.stringify(result))
