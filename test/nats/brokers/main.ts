/**
 * Rounds on a broker of three nodes, of which one is killed in each round.
 *
 *     npm run brokers -- [--rounds N]
 *
 * Every round must end with the exact sum or an error of the library, and leave nothing on the broker.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { startNatsCluster } from '../../support/nats-cluster.js'
import { startCommand } from '../commands.js'
import { type Fault, playWithFault } from './lost-node.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } })
const FAULTS: readonly Fault[] = [
  { phase: 'share-keys', leader: 'cluster', replicas: 3 },
  { phase: 'masked-input', leader: 'cluster', replicas: 3 },
  { phase: 'unmasking', leader: 'cluster', replicas: 3 },
  { phase: 'unmasking', leader: 'tasks', replicas: 3 },
  { phase: 'masked-input', leader: 'cluster', replicas: 1 },
  { phase: 'unmasking', leader: 'cluster', replicas: 1 },
  { phase: 'unmasking', leader: 'tasks', replicas: 1 },
]

const broker = await startNatsCluster()
const ingest = await startCommand(broker.servers.join(','), ['ingest', '--listen', '0'])
const ends: Record<string, number> = {}
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const fault = FAULTS[round % FAULTS.length]!
    const { end, killed, seconds } = await playWithFault(broker, round + 1, fault)
    ends[end] = (ends[end] ?? 0) + 1
    const { phase, leader, replicas } = fault
    process.stdout.write(
      `round ${round}: ${killed}, the leader of the ${leader}, killed in ${phase}, ${replicas} replicas: ${end}, ${seconds.toFixed(1)} s\n`,
    )
  }
  process.stdout.write(`${JSON.stringify(ends)}\n`)
} finally {
  ingest.kill()
  await broker.close()
}
process.exit()
