import type { Server } from 'node:http'
import process from 'node:process'
import { SecAggError } from '../errors.js'
import type { ClusterWorker } from '../nats/index.js'
import {
  clusterKey,
  loadTelemetry,
  metricsAddress,
  readJson,
  readOptions,
  required,
  serveMetrics,
  wholeNumber,
  withNotice,
} from './options.js'

export const WORKER_USAGE = `Usage: secagg worker --nats URL [OPTIONS]

Connects to a NATS broker with JetStream, and removes masks for the servers of a cluster until it is ended. Needs the packages
@nats-io/transport-node and @nats-io/jetstream. Start as many workers as you like, on as many machines.

  --nats URL           address of the broker; with several nodes, their addresses, separated by commas
  --key-file FILE      file with the key of the cluster, as 64 hexadecimal digits (default: the environment variable
                       SECAGG_CLUSTER_KEY)
  --credentials FILE   file with JSON: options of connect of @nats-io/transport-node, such as user, pass or tls
  --threads N          threads that make masks, 0 to 1024; with 0, the main thread does (default 1)
  --metrics [HOST:]PORT
                       serve metrics in the text format of Prometheus, at http://HOST:PORT/metrics (default host 127.0.0.1)
  --telemetry MODULE   record traces: a JavaScript file that sets up an SDK of OpenTelemetry and exports trace and context of
                       @opentelemetry/api, and optionally shutdown, a function that is called in the end
`

/** `secagg worker`. */
export async function workerCommand(args: readonly string[]): Promise<void> {
  const values = readOptions('worker', args, {
    nats: { type: 'string' },
    'key-file': { type: 'string' },
    credentials: { type: 'string' },
    threads: { type: 'string', default: '1' },
    metrics: { type: 'string' },
    telemetry: { type: 'string' },
  })
  const servers = required('worker', 'nats', values.nats).split(',')
  const threads = wholeNumber('threads', values.threads, 0, 1024)
  const address = metricsAddress(values.metrics)
  const key = clusterKey('worker', values['key-file'])
  const credentials = values.credentials === undefined ? {} : readJson(values.credentials)
  // The worker can be started before the broker.
  const connection = { ...credentials, servers, waitOnFirstConnect: true }
  let isAsked = false
  // Everything is closed on errors too: otherwise it would keep the process alive, and spans that wait to be sent would be lost.
  let tracing: Awaited<ReturnType<typeof loadTelemetry>>
  let worker: ClusterWorker | undefined
  let metrics: Server | undefined
  try {
    tracing = await loadTelemetry(values.telemetry)
    // Not before it is needed: most programs do not have the packages that it uses.
    const { runWorker } = await import('../nats/index.js')
    const options = { connection, key, threads, telemetry: tracing?.telemetry }
    const running = await withNotice(runWorker(options), servers)
    worker = running
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        isAsked = true
        void running.close()
      })
    }
    if (address !== undefined) metrics = await serveMetrics(running, address)
    process.stdout.write('connected\n')
    await running.ended
  } finally {
    metrics?.close()
    await worker?.close()
    await tracing?.shutdown()
  }
  if (!isAsked) throw new SecAggError('connection-lost', 'network', 'the broker refuses the connection')
}
