import { expect, test } from 'vitest'
import { startNatsCluster } from '../support/nats-cluster.js'
import { playWithFault } from './brokers/lost-node.js'
import { startCommand } from './commands.js'

test('on a broker of three nodes, the one with the tasks is lost while masks are removed', async () => {
  const broker = await startNatsCluster()
  const ingest = await startCommand(broker.servers.join(','), ['ingest', '--listen', '0'])
  try {
    const { end } = await playWithFault(broker, 1, { phase: 'unmasking', leader: 'tasks', replicas: 3 })
    expect(end).toBe('exact')
  } finally {
    ingest.kill()
    await broker.close()
  }
})
