/**
 * Two rounds of the coordinator (docs/examples/coordinator) over mutual TLS, with five clients. Before the second round, one of
 * them is revoked.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultCrypto } from 'secagg'
import { clientTls } from '../../coordinator/certificates.js'
import { readEnrolment } from '../../coordinator/enrolment.js'
import { takePart } from '../../coordinator/member.js'
import { type Service, startService } from '../../coordinator/service.js'
import { countsOf } from '../../coordinator/task.js'
import { certifyAll } from './certify.js'

const SERVER = 'coordinator.example'
const data = mkdtempSync(join(tmpdir(), 'secagg-tls-'))
const tls = await certifyAll(data, 5, SERVER)
const service = await startService({
  data,
  name: SERVER,
  clients: 5,
  port: 0,
  deadline: 3000,
  tls: tls.path,
})
try {
  const running = service.coordinator.run(2)
  await roundWith([0, 1, 2, 3, 4])
  await report(service, 1)
  await tls.revoke(1)
  await roundWith([0, 2, 3, 4])
  await running
  await report(service, 2)
} finally {
  await service.close()
  rmSync(data, { recursive: true, force: true })
}

async function roundWith(seats: readonly number[]): Promise<void> {
  const folder = join(data, 'clients')
  const enrolment = readEnrolment(folder)
  const crypto = await defaultCrypto()
  await Promise.all(
    seats.map((seat) => {
      const name = enrolment.names[seat]!
      const credentials = clientTls(tls.path, folder, name, SERVER)
      const url = `wss://127.0.0.1:${service.port}`
      return takePart({ name, folder, url, server: SERVER, tls: credentials, enrolment, crypto }, 1)
    }),
  )
}

/** Prints a result, and fails unless the sum is that of the survivors' vectors. */
async function report({ store }: Service, round: number): Promise<void> {
  const result = await store.result(round)
  if (result === undefined || 'failed' in result) throw new Error(`round ${round} has no sum`)
  const { survivors, sum } = result
  const isRight = sum.every(
    (count, thing) => count === survivors.reduce((total, seat) => total + countsOf(seat, round)[thing]!, 0),
  )
  if (!isRight) throw new Error(`the sum of round ${round} is wrong`)
  console.log(
    `round ${round}: the sum of seats ${survivors.join(' ')} begins with ${sum.slice(0, 4).join(' ')}`,
  )
}
