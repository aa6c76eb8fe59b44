/** Collects masked vectors from clients, as `npx secagg ingest` does. */
import { createServer } from 'node:http'
import process from 'node:process'
import { runIngest } from 'secagg/nats'
import { socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'

const [servers = '', port = ''] = process.argv.slice(2)
const key = Buffer.from(process.env.SECAGG_CLUSTER_KEY ?? '', 'hex')
const ingest = await runIngest({
  connection: { servers, waitOnFirstConnect: true },
  key,
  address: `ws://127.0.0.1:${port}`,
})
const http = createServer((request, response) => {
  if (request.url === '/metrics') response.end(ingest.metrics())
  else response.writeHead(404).end()
})
const sockets = new WebSocketServer({ server: http })
// Who a client is follows from its ticket, which the coordinator has signed.
sockets.on('connection', (socket) => void ingest.accept(socketConnection(socket)))
http.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', async () => {
  for (const socket of sockets.clients) socket.terminate()
  http.close()
  await ingest.close()
})
