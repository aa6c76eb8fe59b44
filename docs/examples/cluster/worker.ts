/** Removes masks, as `npx secagg worker` does. */
import { createServer } from 'node:http'
import process from 'node:process'
import { runWorker } from 'secagg/nats'

const [servers = '', port = ''] = process.argv.slice(2)
const key = Buffer.from(process.env.SECAGG_CLUSTER_KEY ?? '', 'hex')
const worker = await runWorker({ connection: { servers, waitOnFirstConnect: true }, key, threads: 1 })
const http = createServer((request, response) => {
  if (request.url === '/metrics') response.end(worker.metrics())
  else response.writeHead(404).end()
})
http.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => worker.close())
await worker.ended
http.close()
