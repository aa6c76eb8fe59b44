import { randomBytes } from 'node:crypto'
import { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { messageLimits } from 'secagg/transport'
import { serverTls, watchRevocations } from './certificates.js'
import { Coordinator } from './coordinator.js'
import { openDoor } from './door.js'
import { enrol, readEnrolment } from './enrolment.js'
import { LONGEST_TEXT } from './handshake.js'
import { log } from './log.js'
import { Metrics } from './metrics.js'
import { HOST } from './options.js'
import { createPages } from './pages.js'
import { Store } from './store.js'
import { configOf } from './task.js'

export interface ServiceOptions {
  readonly data: string
  readonly name: string
  readonly clients: number
  readonly port: number
  readonly deadline: number
  /** The folder with the files for mutual TLS, or '' for connections without TLS. */
  readonly tls: string
}

export interface Service {
  readonly port: number
  readonly coordinator: Coordinator
  readonly store: Store
  readonly metrics: Metrics
  close(): Promise<void>
}

/** Starts to listen, with identities for the clients if there are none yet. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const clients = join(options.data, 'clients')
  await enrol(clients, options.clients)
  const enrolment = readEnrolment(clients)
  const tls = options.tls === '' ? undefined : serverTls(options.tls)
  const store = await Store.open(join(options.data, 'database'))
  const metrics = new Metrics()
  const coordinator = new Coordinator({ enrolment, store, metrics, deadline: options.deadline })
  const http = createPages(() => coordinator, metrics, store, tls)
  // All rounds have the same shape, so the limits of any round apply.
  const { fromClient } = messageLimits(configOf({ round: 1, sessionId: randomBytes(32) }, enrolment))
  const door = openDoor({
    http,
    name: options.name,
    enrolment,
    longest: Math.max(fromClient, LONGEST_TEXT),
    metrics,
    certificates: tls !== undefined,
    enter: (seat, socket) => coordinator.enter(seat, socket),
  })
  const unwatch = http instanceof TlsServer ? watchRevocations(options.tls, http) : () => {}
  await new Promise<void>((resolve) => http.listen(options.port, HOST, resolve))
  const { port } = http.address() as AddressInfo
  log('listening', { port, clients: enrolment.names.length })
  return {
    port,
    coordinator,
    store,
    metrics,
    close: async () => {
      unwatch()
      for (const socket of door.clients) socket.close(1001, 'the task is done')
      door.close()
      http.close()
      await store.close()
    },
  }
}
