/**
 * One process with one or more clients. You can kill it at any moment and start it again: each client continues.
 *
 *     node client.mjs --names client-000,client-001 [--url URL] [--data FOLDER] [--rounds N] [--tls FOLDER]
 */
import { join } from 'node:path'
import { defaultCrypto } from 'secagg'
import { clientTls } from './certificates.js'
import { readEnrolment } from './enrolment.js'
import { log } from './log.js'
import { takePart } from './member.js'
import { readOptions } from './options.js'

async function main(): Promise<void> {
  const { rounds, names, url, data, server, tls } = readOptions(
    { rounds: 3 },
    { names: '', url: 'ws://127.0.0.1:8790', data: '.coordinator', server: 'coordinator.example', tls: '' },
  )
  const folder = join(data, 'clients')
  const enrolment = readEnrolment(folder)
  const crypto = await defaultCrypto()
  const common = { folder, url, server, enrolment, crypto }
  await Promise.all(
    names.split(',').map((name) => {
      const credentials = tls === '' ? undefined : clientTls(tls, folder, name, server)
      return takePart({ ...common, name, tls: credentials }, rounds)
    }),
  )
}

main().catch((error: unknown) => {
  log('failed', { error: String(error) })
  process.exit(1)
})
