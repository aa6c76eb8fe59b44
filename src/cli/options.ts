import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { SecAggError } from '../errors.js'
import { createTelemetry } from '../telemetry/telemetry.js'
import type { Telemetry } from '../telemetry/tracing.js'

/** A mistake on the command line, shown as one line. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
}

type Options = NonNullable<ParseArgsConfig['options']>
type Values<T extends Options> = ReturnType<
  typeof parseArgs<{ strict: true; allowPositionals: false; options: T }>
>['values']

/** Parses the options of `secagg COMMAND` into strings and booleans. */
export function readOptions<const T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): Values<T> {
  try {
    return parseArgs({ args: [...args], strict: true, allowPositionals: false, options }).values as Values<T>
  } catch (error) {
    // Only the first sentence: Node adds advice about positional arguments, which this program does not have.
    const [problem = 'wrong options'] = (error as Error).message.split(/\.\s/)
    throw new UsageProblem(`${problem}; see secagg ${command} --help`)
  }
}

/** @throws {UsageProblem} if a required option is missing. */
export function required(command: string, option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageProblem(`--${option} is missing; see secagg ${command} --help`)
  return text
}

/** Parses a whole number from `minimum` to `maximum`. */
export function wholeNumber(option: string, text: string, minimum: number, maximum: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) {
    throw new UsageProblem(
      `--${option} must be a whole number from ${minimum} to ${maximum}, not ${quoted(text)}`,
    )
  }
  return value
}

/** Parses a decimal number from `minimum` to `maximum`, such as 0.5, .5 or 1e-5. */
export function realNumber(option: string, text: string, minimum: number, maximum: number): number {
  const value = /^(\d{1,30}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) {
    throw new UsageProblem(`--${option} must be a number from ${minimum} to ${maximum}, not ${quoted(text)}`)
  }
  return value
}

/** Parses a decimal number that is at least 0 and below 1. */
export function fraction(option: string, text: string): number {
  const value = /^(0|0?\.\d{1,15}|0\.)$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 0 && value < 1)) {
    throw new UsageProblem(
      `--${option} must be a fraction that is at least 0 and below 1, such as 0.05, not ${quoted(text)}`,
    )
  }
  return value
}

/** Parses a number above 0 and below 1. */
export function probability(option: string, text: string): number {
  const value = realNumber(option, text, 0, 1)
  if (value === 0 || value === 1) {
    throw new UsageProblem(`--${option} must be a number above 0 and below 1, not ${quoted(text)}`)
  }
  return value
}

/** Checks that an option is one of `choices`. */
export function oneOf<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) {
    throw new UsageProblem(`--${option} must be ${choices.join(' or ')}, not ${quoted(text)}`)
  }
  return choice
}

/** Calls `compute`. If the library refuses the arguments, the error names options of the command line instead. */
export function inOptions<T>(names: Readonly<Record<string, string>>, compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    if (!(error instanceof SecAggError) || error.fault !== 'usage') throw error
    throw new UsageProblem(error.message.replace(/\b[a-z]+[A-Z]\w*/g, (name) => names[name] ?? name))
  }
}

/** What the user typed, shortened and without control characters. */
function quoted(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return JSON.stringify(shown)
}

/** Formats sections, each a list of paragraphs or of lines of a table. Empty sections are left out. */
export function page(sections: readonly (readonly string[])[]): string {
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.map(wrapped).join('\n')).join('\n\n')}\n`
}

/** Breaks a line of prose at 100 columns and indents the rest like its beginning. Tables are narrower than that. */
function wrapped(line: string): string {
  const indent = /^ */.exec(line)![0]
  let [rest, broken] = [line, '']
  while (rest.length > 100) {
    const end = rest.lastIndexOf(' ', 100)
    if (end <= indent.length) break
    broken += `${rest.slice(0, end)}\n`
    rest = indent + rest.slice(end + 1)
  }
  return broken + rest
}

/** The key of the cluster, from a file or from the environment. */
export function clusterKey(command: string, file: string | undefined): Uint8Array {
  const text = (file === undefined ? process.env.SECAGG_CLUSTER_KEY : read('key-file', file))?.trim()
  if (text === undefined) {
    throw new UsageProblem(`--key-file or SECAGG_CLUSTER_KEY is missing; see secagg ${command} --help`)
  }
  // The text is a secret, so the message does not show it.
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new UsageProblem('the key of the cluster must be 64 hexadecimal digits')
  return Uint8Array.from(text.match(/../g)!, (digits) => Number.parseInt(digits, 16))
}

/** The JSON object in the file of the option `credentials`. */
export function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(read('credentials', file))
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    if (error instanceof UsageProblem) throw error
  }
  throw new UsageProblem('--credentials must name a file with a JSON object')
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageProblem(`--${option}: ${(error as Error).message}`)
  }
}

/** The address in the option `metrics`: a port of this machine, or a host and a port. */
export function metricsAddress(text: string | undefined): MetricsAddress | undefined {
  if (text === undefined) return undefined
  const colon = text.lastIndexOf(':')
  const host = colon < 0 ? '127.0.0.1' : text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw new UsageProblem('--metrics must be PORT or HOST:PORT')
  return { host, port: wholeNumber('metrics', text.slice(colon + 1), 0, 65535) }
}

/** Where metrics are served. */
export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

/** Serves metrics. */
export function serveMetrics(source: { metrics(): string }, { host, port }: MetricsAddress): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(source.metrics())
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new UsageProblem(`--metrics: ${error.message}`)))
    server.listen(port, host, () => resolve(server))
  })
}

/** What the option `telemetry` loads. */
export interface LoadedTelemetry {
  readonly telemetry: Telemetry
  shutdown(): Promise<void>
}

/** Loads the module that sets up an SDK of OpenTelemetry. */
export async function loadTelemetry(file: string | undefined): Promise<LoadedTelemetry | undefined> {
  if (file === undefined) return undefined
  try {
    const { trace, context, shutdown } = await import(/* @vite-ignore */ pathToFileURL(file).href)
    const telemetry = createTelemetry({ trace, context })
    return { telemetry, shutdown: async () => shutdown?.() }
  } catch (error) {
    throw new UsageProblem(`--telemetry: ${(error as Error).message}`)
  }
}

/** Waits for a connection to the broker, which may be started later, and says so if it takes long. */
export async function withNotice<T>(connecting: Promise<T>, servers: readonly string[]): Promise<T> {
  const notice = setTimeout(
    () => process.stderr.write(`secagg: waiting for the broker at ${servers.join(', ')}\n`),
    3000,
  )
  try {
    return await connecting
  } finally {
    clearTimeout(notice)
  }
}
