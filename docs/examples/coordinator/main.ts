/**
 * A server that sums the vectors of its clients, round after round.
 *
 *     npm run coordinator -- [--clients N] [--port P] [--data FOLDER] [--rounds N] [--deadline MS]
 *
 * You can kill it at any moment and start it again: it continues.
 */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { messageLimits } from 'secagg/transport'
import { Coordinator } from './coordinator.js'
import { openDoor } from './door.js'
import { enrol, readEnrolment } from './enrolment.js'
import { LONGEST_TEXT } from './handshake.js'
import { log } from './log.js'
import { Metrics } from './metrics.js'
import { HOST, readOptions } from './options.js'
import { createPages } from './pages.js'
import { Store } from './store.js'
import { configOf } from './task.js'

async function main(): Promise<void> {
  const options = readOptions(
    { clients: 100, port: 8790, rounds: 999_999_999, deadline: 60_000 },
    { data: '.coordinator', name: 'coordinator.example' },
  )
  const clients = join(options.data, 'clients')
  await enrol(clients, options.clients)
  const enrolment = readEnrolment(clients)
  const store = await Store.open(join(options.data, 'database'))
  const metrics = new Metrics()
  const coordinator = new Coordinator({ enrolment, store, metrics, deadline: options.deadline })
  const http = createPages(() => coordinator, metrics, store)
  // All rounds have the same shape, so the limits of any round apply.
  const { fromClient } = messageLimits(configOf({ round: 1, sessionId: randomBytes(32) }, enrolment))
  const door = openDoor({
    http,
    name: options.name,
    enrolment,
    longest: Math.max(fromClient, LONGEST_TEXT),
    metrics,
    enter: (seat, socket) => coordinator.enter(seat, socket),
  })
  http.listen(options.port, HOST, () => {
    log('listening', { port: (http.address() as AddressInfo).port, clients: enrolment.names.length })
  })
  await coordinator.run(options.rounds)
  for (const socket of door.clients) socket.close(1001, 'the task is done')
  door.close()
  http.close()
  await store.close()
  log('done')
}

main().catch((error: unknown) => {
  log('failed', { error: String(error), stack: (error as Error).stack })
  process.exit(1)
})
