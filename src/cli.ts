#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { INGEST_USAGE, ingestCommand } from './cli/ingest-command.js'
import { UsageProblem } from './cli/options.js'
import { PARAMS_USAGE, paramsCommand } from './cli/params.js'
import { PRIVACY_USAGE, privacyCommand } from './cli/privacy.js'
import { SIMULATE_USAGE, simulateCommand } from './cli/simulate.js'
import { WORKER_USAGE, workerCommand } from './cli/worker-command.js'
import { SecAggError } from './errors.js'

const USAGE = `Usage: secagg COMMAND [OPTIONS]

Commands:
  simulate    run many clients and a server in this process, and print what each phase costs
  params      choose graph, neighbors, threshold and noise for a cohort, and show what is proven
  privacy     show the guarantee that a given amount of noise provides
  ingest      collect masked vectors for servers, over WebSockets
  worker      remove masks for servers, over a NATS broker

Options:
  --version   print the version

Run secagg COMMAND --help for the options of a command.
`

const COMMANDS: Readonly<Record<string, { usage: string; run: (args: readonly string[]) => Promise<void> }>> =
  {
    simulate: { usage: SIMULATE_USAGE, run: simulateCommand },
    params: { usage: PARAMS_USAGE, run: paramsCommand },
    privacy: { usage: PRIVACY_USAGE, run: privacyCommand },
    ingest: { usage: INGEST_USAGE, run: ingestCommand },
    worker: { usage: WORKER_USAGE, run: workerCommand },
  }

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(USAGE)
    return
  }
  if (name === '--version') {
    process.stdout.write(`${version()}\n`)
    return
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new UsageProblem(`unknown command ${name}; see secagg --help`)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage)
    return
  }
  await command.run(args)
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** The exit code: 2 for wrong options, 1 for a round that was aborted, `undefined` for a bug. */
function exitCodeOf(error: unknown): 1 | 2 | undefined {
  if (error instanceof UsageProblem) return 2
  if (error instanceof SecAggError) return error.fault === 'usage' ? 2 : 1
  return undefined
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const code = exitCodeOf(error)
  if (code === undefined) throw error
  const { message, fault, cause } = error as SecAggError
  const isRound = code === 1 && fault !== 'network'
  const reason = fault === 'network' && cause instanceof Error ? `: ${cause.message}` : ''
  process.stderr.write(`secagg: ${isRound ? 'the round was aborted: ' : ''}${message}${reason}\n`)
  process.exitCode = code
})
