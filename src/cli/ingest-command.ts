import type { Server } from 'node:http'
import process from 'node:process'
import type { ClusterIngestProcess } from '../nats/index.js'
import { type Connection, socketConnection } from '../transport/index.js'
import {
  clusterKey,
  loadTelemetry,
  metricsAddress,
  readJson,
  readOptions,
  required,
  serveMetrics,
  UsageProblem,
  wholeNumber,
  withNotice,
} from './options.js'

export const INGEST_USAGE = `Usage: secagg ingest --nats URL --listen PORT [OPTIONS]

Connects to a NATS broker, and collects masked vectors from clients, over WebSockets, for the servers of a cluster until it is
ended. Needs the packages @nats-io/transport-node, @nats-io/jetstream and ws. Put a proxy with TLS in front of it.

  --nats URL           address of the broker; with several nodes, their addresses, separated by commas
  --listen PORT        port for clients; with 0, the system chooses one
  --host HOST          address to listen at (default 127.0.0.1)
  --address URL        where clients reach this process, such as wss://ingest-1.example (default: ws://HOST:PORT)
  --key-file FILE      file with the key of the cluster, as 64 hexadecimal digits (default: the environment variable
                       SECAGG_CLUSTER_KEY)
  --credentials FILE   file with JSON: options of connect of @nats-io/transport-node, such as user, pass or tls
  --metrics [HOST:]PORT
                       serve metrics in the text format of Prometheus, at http://HOST:PORT/metrics (default host 127.0.0.1)
  --telemetry MODULE   record traces: a JavaScript file that sets up an SDK of OpenTelemetry and exports trace and context of
                       @opentelemetry/api, and optionally shutdown, a function that is called in the end
`

/** The part of `ws` that this command uses. */
interface SocketServer {
  on(event: 'connection', listener: (socket: Parameters<typeof socketConnection>[0]) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  once(event: 'listening', listener: () => void): void
  address(): { readonly port: number }
  close(): void
  readonly clients: Iterable<{ terminate(): void }>
}

/** `secagg ingest`. */
export async function ingestCommand(args: readonly string[]): Promise<void> {
  const values = readOptions('ingest', args, {
    nats: { type: 'string' },
    listen: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    address: { type: 'string' },
    'key-file': { type: 'string' },
    credentials: { type: 'string' },
    metrics: { type: 'string' },
    telemetry: { type: 'string' },
  })
  const servers = required('ingest', 'nats', values.nats).split(',')
  const port = wholeNumber('listen', required('ingest', 'listen', values.listen), 0, 65535)
  const { host = '127.0.0.1' } = values
  const metricsPlace = metricsAddress(values.metrics)
  const key = clusterKey('ingest', values['key-file'])
  const credentials = values.credentials === undefined ? {} : readJson(values.credentials)
  requireReachable(host, values.address)
  const sockets = await listen(host, port)
  // Nobody has a ticket before the broker answers. Without a listener, an error of a socket would end the process.
  let accept = (connection: Connection): void => void connection.close()
  sockets.on('connection', (socket) => accept(socketConnection(socket)))
  const address =
    values.address ?? `ws://${host.includes(':') ? `[${host}]` : host}:${sockets.address().port}`
  const connection = { ...credentials, servers, waitOnFirstConnect: true }
  // Everything is closed on errors too; otherwise it would keep the process alive.
  let tracing: Awaited<ReturnType<typeof loadTelemetry>>
  let ingest: ClusterIngestProcess | undefined
  let metrics: Server | undefined
  try {
    tracing = await loadTelemetry(values.telemetry)
    // Not before it is needed: most programs do not have the packages that it uses.
    const { runIngest } = await import('../nats/index.js')
    const running = await withNotice(
      runIngest({ connection, key, address, telemetry: tracing?.telemetry }),
      servers,
    )
    ingest = running
    accept = (connection) => void running.accept(connection)
    if (metricsPlace !== undefined) metrics = await serveMetrics(running, metricsPlace)
    const ended = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    })
    process.stdout.write(`listening at ${address}\n`)
    await ended
  } finally {
    metrics?.close()
    sockets.close()
    for (const client of sockets.clients) client.terminate()
    await ingest?.close()
    await tracing?.shutdown()
  }
}

/** @throws {UsageProblem} if clients could not connect to this address. */
function requireReachable(host: string, address: string | undefined): void {
  if (address !== undefined && !/^wss?:\/\/./.test(address)) {
    throw new UsageProblem(`--address must begin with wss:// or ws://, not ${JSON.stringify(address)}`)
  }
  if (address === undefined && (host === '0.0.0.0' || host === '::')) {
    throw new UsageProblem(`--host ${host} needs --address: clients cannot connect to ${host}`)
  }
}

async function listen(host: string, port: number): Promise<SocketServer> {
  const name = 'ws'
  const { WebSocketServer } = await import(/* @vite-ignore */ name).catch(() => {
    throw new UsageProblem('secagg ingest needs the package ws: npm install ws')
  })
  // Masks do not compress.
  const server: SocketServer = new WebSocketServer({ host, port, perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    server.on('error', (error) => reject(new UsageProblem(`--listen: ${error.message}`)))
    server.once('listening', () => resolve(server))
  })
}
