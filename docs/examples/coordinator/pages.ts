import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions, type Server as TlsServer } from 'node:https'
import type { Coordinator } from './coordinator.js'
import type { Metrics } from './metrics.js'
import type { Store } from './store.js'

/** The HTTP pages of the coordinator: its health, its metrics, and the results of rounds. With mutual TLS, for clients only. */
export function createPages(
  coordinator: () => Coordinator,
  metrics: Metrics,
  store: Store,
  tls?: ServerOptions,
): Server | TlsServer {
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === '/health') {
      await store.lastRound() // throws if the database fails
      send(response, 200, { status: 'ok', ...coordinator().state })
    } else if (path === '/metrics') {
      response
        .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
        .end(metrics.text())
    } else {
      const round = /^\/rounds\/(\d{1,12})$/.exec(path)?.[1]
      const result = round === undefined ? undefined : await store.result(Number(round))
      if (result === undefined) send(response, 404, { status: 'not found' })
      else send(response, 200, result)
    }
  }
  // Connections that send nothing are closed soon.
  const patience = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 }
  const listener: RequestListener = (request, response) => {
    answer(request.url ?? '', response).catch(() => send(response, 503, { status: 'failing' }))
  }
  return tls === undefined
    ? createServer(patience, listener)
    : createTlsServer({ ...tls, ...patience, handshakeTimeout: 5000 }, listener)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
