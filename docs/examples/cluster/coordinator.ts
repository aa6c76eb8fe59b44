/** Runs the rounds. Ingest processes collect the vectors, and workers remove the masks. */
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { natsIngest, natsUnmasker } from 'secagg/nats'
import { messageLimits, type RoundHandle, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'
import { fileStore } from './file-store.js'
import { noRounds, textOf } from './metrics.js'
import { configOf, inputOf, type Task } from './task.js'

const [taskText = '', run = '', servers = '', port = '', folder = ''] = process.argv.slice(2)
const task = JSON.parse(taskText) as Task
const key = Buffer.from(process.env.SECAGG_CLUSTER_KEY ?? '', 'hex')

// Small tasks, so that both workers have some.
const workers = await natsUnmasker({ connection: { servers }, key, taskBytes: 2 ** 24 })
const ingest = await natsIngest({
  connection: { servers },
  key,
  unmasker: workers,
  // One folder for each round.
  storeFor: (configHash) => fileStore(join(folder, Buffer.from(configHash).toString('hex'))),
})
const counts = noRounds()
let serving: { readonly round: number; readonly handle: RoundHandle } | undefined

const http = createServer((request, response) => {
  if (request.url !== '/metrics') return void response.writeHead(404).end()
  response.end(textOf(counts) + workers.metrics() + ingest.metrics())
})
const sockets = new WebSocketServer({
  server: http,
  maxPayload: messageLimits(configOf(task, run, 0)).fromClient,
})
sockets.on('connection', (socket, request) => {
  // The path says which client it is. In production, a client must prove that; see docs/examples/coordinator.
  const [, round, seat] = (request.url ?? '').split('/').map(Number)
  if (serving?.round === round) serving?.handle.connect(seat!, socketConnection(socket))
  else socket.close(1013, 'this round is not open')
})
// In containers, the others are on other machines.
http.listen(Number(port), process.env.LISTEN ?? '127.0.0.1')

for (let round = 0; round < task.rounds; round++) {
  const start = performance.now()
  const handle = serveRound({
    config: configOf(task, run, round),
    plane: ingest.plane,
    deadline: 60_000,
    reconnectTime: 2000,
    onEvent: (event) => {
      if (event.type !== 'message') return
      counts.messages_total++
      counts.received_bytes_total += event.bytes
    },
  })
  serving = { round, handle }
  const { sum, report } = await handle.outcome.catch((error) => {
    counts.failed_rounds_total++
    throw error
  })
  counts.rounds_total++
  counts.round_seconds_total += (performance.now() - start) / 1000
  counts.survivors = report.survivors.length
  counts.dropouts_total += task.clients - report.survivors.length
  const expected = report.survivors.reduce((total, seat) => total + inputOf(task, round, seat)[1]!, 0)
  const isExact = sum[0]![1] === expected >>> 0
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(
    `round ${round}: ${report.survivors.length} survivors, ${isExact ? 'exact' : 'WRONG'}, ${seconds} s`,
  )
  await handle.closed
}
sockets.close()
http.close()
await ingest.close()
await workers.close()
