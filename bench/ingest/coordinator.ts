/** The coordinator of one round, or the whole server. Prints what it took as JSON. */
import { randomBytes } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import type { RoundReport, SumBlock } from 'secagg'
import { natsIngest, natsUnmasker } from 'secagg/nats'
import { messageLimits, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'
import { fileStore } from '../../docs/examples/cluster/file-store.js'
import { INPUT } from './script.js'
import { configOf, type Shape, survivorsOf } from './shape.js'

const [shapeText = '', servers = '', port = '', folder = ''] = process.argv.slice(2)
const shape = JSON.parse(shapeText) as Shape
const key = Buffer.from(process.env.SECAGG_CLUSTER_KEY ?? randomBytes(32).toString('hex'), 'hex')
const config = configOf(shape)
const survivors = survivorsOf(shape)

const unmasker = shape.isAlone
  ? undefined
  : await natsUnmasker({ connection: { servers }, key, localBytes: 0, patience: 600_000 })
const ingest =
  unmasker &&
  (await natsIngest({
    connection: { servers },
    key,
    unmasker,
    storeFor: () => fileStore(join(folder, 'sums')),
  }))

const saves = { count: 0, milliseconds: 0, mebibytes: 0 }
/** Replaces a file completely or not at all. It is on the disk when this resolves. */
async function save(bytes: Uint8Array, name = 'session'): Promise<void> {
  const start = performance.now()
  const file = await open(join(folder, `${name}.new`), 'w')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  await rename(join(folder, `${name}.new`), join(folder, name))
  const parent = await open(folder)
  await parent.sync()
  await parent.close()
  saves.count++
  saves.milliseconds += Math.round(performance.now() - start)
  saves.mebibytes += Math.round(bytes.length / 2 ** 20)
}

const used = process.cpuUsage()
const begin = performance.now()
const times: Record<string, number> = {}
const refused: Record<string, number> = {}
let summed = 0
const served = serveRound({
  config,
  ...(ingest && { plane: ingest.plane }),
  ...(shape.isSaved && {
    save,
    saveResult: (result: { readonly report: RoundReport }) =>
      save(Buffer.from(JSON.stringify(result.report.survivors)), 'result'),
  }),
  // Clients are not connected all the time, and nobody is late.
  deadline: 24 * 3600_000,
  farewell: 0,
  phases: { 'masked-input': { enough: survivors } },
  sink: ({ range, elements }: SumBlock) => {
    const [lanes] = elements
    if ((lanes as Uint32Array).some((element) => element !== INPUT * survivors))
      throw new Error('a wrong sum')
    summed += range.to - range.from
  },
  onEvent: (event) => {
    if (event.type === 'phase-closed') times[event.phase] = Math.round(performance.now() - begin)
    if (event.type === 'phase-closed') process.stderr.write(`${event.phase}: ${times[event.phase]} ms\n`)
    if (event.type === 'secrets-recovered') times['secrets-recovered'] = Math.round(performance.now() - begin)
    if (event.type === 'message' && event.status === 'refused')
      refused[event.phase] = (refused[event.phase] ?? 0) + 1
  },
})
const http = createServer()
const sockets = new WebSocketServer({
  server: http,
  maxPayload: messageLimits(config).fromClient,
  perMessageDeflate: false,
})
let most = 0
sockets.on('connection', (socket, request) => {
  most = Math.max(most, sockets.clients.size)
  served.connect(Number(request.url?.slice(1)), socketConnection(socket))
})
// A thousand clients come at the same moment.
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 2048 })
process.stdout.write('ready\n')
const { report } = await served.outcome
if (summed !== shape.length) throw new Error(`the sink has ${summed} elements`)
if (report.survivors.length !== survivors) throw new Error(`${report.survivors.length} survivors`)
const { user, system } = process.cpuUsage(used)
const result = {
  seconds: Math.round(performance.now() - begin) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
  survivors: report.survivors.length,
  neighbors: config.graph.kind === 'complete' ? config.clients - 1 : undefined,
  times,
  refused,
  saves: shape.isSaved ? saves : undefined,
  connections: most,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
await served.closed
sockets.close()
for (const socket of sockets.clients) socket.terminate()
http.close()
await ingest?.close()
await unmasker?.close()
process.exit(0)
