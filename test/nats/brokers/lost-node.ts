import { SecAggError } from 'secagg'
import { natsIngest, natsUnmasker, runWorker } from 'secagg/nats'
import type { TestCluster } from '../../support/nats-cluster.js'
import { configOf, playRound, storeFor } from '../commands.js'
import { KEY, leftOn } from '../support.js'

/** Which node is killed when a phase begins, and how many nodes have a copy of each message. */
export interface Fault {
  readonly phase: 'share-keys' | 'masked-input' | 'unmasking'
  /** `cluster`: the leader of all nodes. `tasks`: the leader of the stream with the tasks, once there is one. */
  readonly leader: 'cluster' | 'tasks'
  readonly replicas: 1 | 3
}

/** How a round with a fault ended: `exact`, or the code of an error. */
export interface End {
  readonly end: string
  /** The node that was killed. */
  readonly killed: string
  readonly seconds: number
}

/** So many tasks that most of them are open when the leader of their stream is killed. */
const LENGTH = 300_000

/**
 * Plays a round in which a node of the broker is killed. The node stays away until the round is over.
 * @throws if the sum is wrong, if an error is not one of the library, or if something of the round stays on the broker.
 */
export async function playWithFault(
  broker: TestCluster,
  id: number,
  { phase, leader, replicas }: Fault,
): Promise<End> {
  const start = performance.now()
  const connection = { servers: broker.servers }
  const unmasker = await natsUnmasker({
    ...{ connection, key: KEY, localBytes: 0, taskBytes: 2 ** 18, replicas },
    ...{ redeliverAfter: 1000, checkEvery: 200, patience: 60_000 },
  })
  const worker = await runWorker({ connection, key: KEY, threads: 0 })
  const ingest = await natsIngest({ connection, key: KEY, unmasker, storeFor, pollTime: 100 })
  const over = new AbortController()
  let killing: Promise<string | undefined> | undefined
  const kill = async (): Promise<string | undefined> => {
    const name = leader === 'cluster' ? await broker.leader() : await broker.leaderOf('secagg_', over.signal)
    if (name !== undefined) await broker.kill(name)
    return name
  }
  const onEvent = (event: { type: string; phase?: string }): void => {
    if (event.type === 'phase-opened' && event.phase === phase) killing ??= kill()
  }
  let end = 'exact'
  try {
    const sum = await playRound(configOf(id, LENGTH), ingest, { onEvent })
    const [lanes] = sum as [Uint32Array]
    if (lanes.length !== LENGTH || lanes.some((lane) => lane !== 25)) throw new Error('the sum is wrong')
  } catch (error) {
    if (!(error instanceof SecAggError)) throw error
    end = error.code
  }
  const seconds = (performance.now() - start) / 1000
  over.abort()
  const killed = await killing
  await Promise.all([ingest.close(), unmasker.close(), worker.close()])
  if (killed === undefined) throw new Error('the round was over before a node was killed')
  broker.start(killed)
  await broker.leader()
  // What the lost node had could not be deleted while it was away. The next process of this coordinator does that.
  for (let tries = 0; (await leftOn(broker.servers)).length > 0; tries++) {
    if (tries === 20) throw new Error('something of the round is left on the broker')
    await (await natsUnmasker({ connection, key: KEY })).close()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return { end, killed, seconds }
}
