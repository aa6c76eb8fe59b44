/**
 * A server that sums the vectors of its clients, round after round.
 *
 *     npm run coordinator -- [--clients N] [--port P] [--data FOLDER] [--rounds N] [--deadline MS] [--tls FOLDER]
 *
 * You can kill it at any moment and start it again: it continues. With `--tls`, clients identify themselves by certificates.
 */
import { log } from './log.js'
import { readOptions } from './options.js'
import { startService } from './service.js'

async function main(): Promise<void> {
  const { rounds, ...options } = readOptions(
    { clients: 100, port: 8790, rounds: 999_999_999, deadline: 60_000 },
    { data: '.coordinator', name: 'coordinator.example', tls: '' },
  )
  const service = await startService(options)
  await service.coordinator.run(rounds)
  await service.close()
  log('done')
}

main().catch((error: unknown) => {
  log('failed', { error: String(error), stack: (error as Error).stack })
  process.exit(1)
})
