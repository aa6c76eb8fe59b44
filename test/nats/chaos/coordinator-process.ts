import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { SecAggError } from 'secagg'
import { type ClusterUnmasker, natsUnmasker } from 'secagg/nats'
import { messageLimits, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'
import { type ChaosResult, configOf, digestOf, keyOf } from './round-shape.js'

// The coordinator of one round. It can be killed at any moment and started again with the same arguments.
const [, , servers = '', folder = '', seedText, roundText, portText] = process.argv
const [seed, round, port] = [seedText, roundText, portText].map(Number) as [number, number, number]

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const write = (name: string, bytes: string | Uint8Array): void => {
  writeFileSync(join(folder, `${name}.new`), bytes, { flush: true })
  renameSync(join(folder, `${name}.new`), join(folder, name))
}

/** The broker may be down at the moment. */
async function connect(): Promise<ClusterUnmasker> {
  for (let tries = 0; ; tries++) {
    try {
      return await natsUnmasker({
        connection: { servers },
        key: keyOf(seed),
        localBytes: 0,
        taskBytes: 2 ** 20,
        redeliverAfter: 1000,
        checkEvery: 200,
        patience: 30_000,
      })
    } catch (error) {
      if (tries === 100) throw error
      await sleep(200)
    }
  }
}

const cluster = await connect()
const config = configOf(seed, round)
const state = join(folder, `session-${round}`)
const served = serveRound({
  config,
  plane: cluster.plane(),
  saved: existsSync(state) ? new Uint8Array(readFileSync(state)) : undefined,
  save: async (bytes) => write(`session-${round}`, bytes),
  deadline: 6000,
  reconnectTime: 4000,
  maximumSilence: 20_000,
  onEvent: (event) => {
    if (event.type === 'phase-opened') say(`phase ${event.phase}`)
    if (event.type === 'secrets-recovered') say('phase recovered')
  },
})
const sockets = new WebSocketServer({ host: '127.0.0.1', port, maxPayload: messageLimits(config).fromClient })
sockets.on('connection', (socket, request) => {
  served.connect(Number(request.url?.slice(1)), socketConnection(socket))
})

let result: ChaosResult
try {
  const { sum, report } = await served.outcome
  result = { survivors: report.survivors, digest: digestOf(sum[0] as Uint32Array) }
} catch (error) {
  if (!(error instanceof SecAggError) || error.fault === 'usage' || error.fault === 'internal') throw error
  result = { failed: error.code }
}
write(`result-${round}`, JSON.stringify(result))
// Clients that are still there are told; the others are gone.
await Promise.race([served.closed, sleep(3000)])
await cluster.close()
process.exit(0)
