import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { SecAggError } from 'secagg'
import { type ClusterIngest, type ClusterUnmasker, natsIngest, natsUnmasker } from 'secagg/nats'
import { messageLimits, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'
import { fileStore } from '../../../docs/examples/cluster/file-store.js'
import { identitiesFor } from '../../ingest/parties.js'
import { type ChaosResult, CLIENTS, configOf, digestOf, keyOf } from './round-shape.js'

// The coordinator of one round. It can be killed at any moment and started again with the same arguments.
const [, , servers = '', folder = '', seedText, roundText, portText] = process.argv
const [seed, round, port] = [seedText, roundText, portText].map(Number) as [number, number, number]

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const write = (name: string, bytes: string | Uint8Array): void => {
  writeFileSync(join(folder, `${name}.new`), bytes, { flush: true })
  renameSync(join(folder, `${name}.new`), join(folder, name))
}

function resultOf(survivors: readonly number[], sum: Uint32Array): string {
  return JSON.stringify({ survivors, digest: digestOf(sum) } satisfies ChaosResult)
}

/** The broker may be down at the moment. */
async function connected<T>(connect: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await connect()
    } catch (error) {
      if (tries === 100) throw error
      await sleep(200)
    }
  }
}

const common = { connection: { servers }, key: keyOf(seed) }
const unmasker: ClusterUnmasker = await connected(() =>
  natsUnmasker({
    ...common,
    localBytes: 0,
    taskBytes: 2 ** 20,
    redeliverAfter: 1000,
    checkEvery: 200,
    patience: 30_000,
  }),
)
const sums = join(folder, `sums-${round}`)
const ingest: ClusterIngest = await connected(() =>
  natsIngest({
    ...common,
    unmasker,
    storeFor: () => fileStore(sums),
    pollTime: 100,
    reuploadTime: 4000,
    groupSize: 2,
  }),
)
const config = configOf(seed, round)
const state = join(folder, `session-${round}`)
const { verifyIdentity } = await identitiesFor(CLIENTS)
const served = serveRound({
  config,
  ...(config.adversary === 'active' && { verifyIdentity }),
  plane: ingest.plane,
  saved: existsSync(state) ? new Uint8Array(readFileSync(state)) : undefined,
  save: async (bytes) => write(`session-${round}`, bytes),
  saveResult: async ({ sum, report }) => {
    say('phase summed')
    // Long enough to be killed here, too.
    await sleep(400)
    write(`result-${round}`, resultOf(report.survivors, sum[0] as Uint32Array))
    say('phase saved')
  },
  deadline: 6000,
  reconnectTime: 4000,
  maximumSilence: 20_000,
  onEvent: (event) => {
    if (event.type === 'phase-opened') say(`phase ${event.phase}`)
    if (event.type === 'uploads-changed') say('phase uploads')
    if (event.type === 'secrets-recovered') say('phase recovered')
  },
})
const sockets = new WebSocketServer({ host: '127.0.0.1', port, maxPayload: messageLimits(config).fromClient })
sockets.on('connection', (socket, request) => {
  served.connect(Number(request.url?.slice(1)), socketConnection(socket))
})

try {
  await served.outcome
} catch (error) {
  if (!(error instanceof SecAggError) || error.fault === 'usage' || error.fault === 'internal') throw error
  const failed: ChaosResult = { failed: error.code }
  write(`result-${round}`, JSON.stringify(failed))
}
// Clients that are still there are told; the others are gone.
await Promise.race([served.closed, sleep(3000)])
await ingest.close()
await unmasker.close()
process.exit(0)
