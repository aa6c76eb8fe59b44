/**
 * A hundred clients, each in a separate process.
 *
 *     npm run coordinator:clients -- [--clients N] [--processes N] [--rounds N] [--url URL] [--data FOLDER]
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.js'
import { readEnrolment } from './enrolment.js'
import { log } from './log.js'
import { readOptions } from './options.js'

const START = performance.now()

async function main(): Promise<void> {
  const { clients, processes, rounds, url, data } = readOptions(
    { clients: 100, processes: 0, rounds: 3 },
    { url: 'ws://127.0.0.1:8790', data: '.coordinator' },
  )
  if (!existsSync(join(data, 'clients')))
    throw new Error(`no clients are enrolled in ${data}: start the coordinator first`)
  const { names } = readEnrolment(join(data, 'clients'))
  const joining = names.slice(0, clients)
  const program = join(data, 'client.mjs')
  await bundle('client', program)
  const count = Math.min(processes || joining.length, joining.length)
  const groups = Array.from({ length: count }, (_, index) => joining.filter((_, at) => at % count === index))
  log('joining', { clients: joining.length, processes: count })
  const codes = await Promise.all(
    groups.map((group) =>
      run([program, '--names', group.join(), '--rounds', String(rounds), '--url', url, '--data', data]),
    ),
  )
  const failed = codes.filter((code) => code !== 0).length
  log('left', { processes: count, failed, seconds: Math.round((performance.now() - START) / 100) / 10 })
  process.exitCode = failed === 0 ? 0 : 1
}

function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

main().catch((error: unknown) => {
  log('failed', { error: String(error) })
  process.exitCode = 1
})
