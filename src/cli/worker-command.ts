import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import process from 'node:process'
import { SecAggError } from '../errors.js'
import type { ClusterWorker } from '../nats/index.js'
import { readOptions, required, UsageProblem, wholeNumber } from './options.js'

export const WORKER_USAGE = `Usage: secagg worker --nats URL [OPTIONS]

Connects to a NATS broker with JetStream, and removes masks for the servers of a cluster until it is ended. Needs the packages
@nats-io/transport-node and @nats-io/jetstream. Start as many workers as you like, on as many machines.

  --nats URL           address of the broker; with several nodes, their addresses, separated by commas
  --key-file FILE      file with the key of the cluster, as 64 hexadecimal digits (default: the environment variable
                       SECAGG_CLUSTER_KEY)
  --credentials FILE   file with JSON: options of connect of @nats-io/transport-node, such as user, pass or tls
  --threads N          threads that make masks, 0 to 1024; with 0, the main thread does (default 1)
  --metrics PORT       serve metrics in the text format of Prometheus, at http://127.0.0.1:PORT/metrics
`

/** `secagg worker`. */
export async function workerCommand(args: readonly string[]): Promise<void> {
  const values = readOptions('worker', args, {
    nats: { type: 'string' },
    'key-file': { type: 'string' },
    credentials: { type: 'string' },
    threads: { type: 'string', default: '1' },
    metrics: { type: 'string' },
  })
  const servers = required('worker', 'nats', values.nats).split(',')
  const threads = wholeNumber('threads', values.threads, 0, 1024)
  const port = values.metrics === undefined ? undefined : wholeNumber('metrics', values.metrics, 0, 65535)
  const key = clusterKey(values['key-file'])
  const credentials = values.credentials === undefined ? {} : readJson(values.credentials)
  // Not before it is needed: most programs do not have the packages that it uses.
  const { runWorker } = await import('../nats/index.js')
  // The worker can be started before the broker.
  const connection = { ...credentials, servers, waitOnFirstConnect: true }
  const worker = await runWorker({ connection, key, threads })
  let isAsked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isAsked = true
      void worker.close()
    })
  }
  const metrics = port === undefined ? undefined : await serveMetrics(worker, port)
  process.stdout.write('connected\n')
  await worker.ended
  metrics?.close()
  if (!isAsked) throw new SecAggError('connection-lost', 'network', 'the broker refuses the connection')
}

function clusterKey(file: string | undefined): Uint8Array {
  const text = (file === undefined ? process.env.SECAGG_CLUSTER_KEY : read('key-file', file))?.trim()
  if (text === undefined) {
    throw new UsageProblem('--key-file or SECAGG_CLUSTER_KEY is missing; see secagg worker --help')
  }
  // The text is a secret, so the message does not show it.
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new UsageProblem('the key of the cluster must be 64 hexadecimal digits')
  return Uint8Array.from(text.match(/../g)!, (digits) => Number.parseInt(digits, 16))
}

function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(read('credentials', file))
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    if (error instanceof UsageProblem) throw error
  }
  throw new UsageProblem('--credentials must name a file with a JSON object')
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageProblem(`--${option}: ${(error as Error).message}`)
  }
}

function serveMetrics(worker: ClusterWorker, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(worker.metrics())
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new UsageProblem(`--metrics: ${error.message}`)))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
