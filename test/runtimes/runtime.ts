import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Report } from './program/report.js'

/** One way to run the program. */
export interface Runtime {
  /** Such as `Firefox`. */
  readonly name: string
  /** Where in the runtime, and under which restrictions: such as `page, isolated`. */
  readonly setting: string
  /** Whether `--fast` includes it. */
  readonly fast?: boolean
  /** No run takes longer, in milliseconds. Default: half as much again as {@link PATIENCE}. */
  readonly patience?: number
  /** Its version; `undefined` if it is not installed. */
  version(): Promise<string | undefined>
  /** What the program reports. Rejects if the program does not start or does not end. */
  run(): Promise<Report>
}

/** What a check found out about one runtime. One line of the output. */
export interface Outcome {
  readonly runtime: string
  readonly setting: string
  readonly state: 'works' | 'fails' | 'missing'
  readonly version?: string
  /** How long the run took. */
  readonly seconds?: number
  /** Why it fails, if not a single round could begin. */
  readonly failure?: string
  readonly report?: Report
}

/** Where the runtimes of `package.json` are installed. */
export function installed(path: string): string {
  return fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))
}

/** No process takes longer, in milliseconds. */
export const PATIENCE = 120_000

const execute = promisify(execFile)

/** Runs a command and resolves to what it prints. The error of a failed command has what it complained about. */
export async function output(
  command: string,
  options: readonly string[],
  folder?: string,
  timeout: number = PATIENCE,
): Promise<string> {
  const settings = { cwd: folder, timeout, killSignal: 'SIGKILL', maxBuffer: 2 ** 24 } as const
  const { stdout } = await execute(command, options, settings)
  return stdout.trim()
}

/** The version in what a command prints; `undefined` if the file of the command does not exist. */
export async function versionOf(command: string, ...options: string[]): Promise<string | undefined> {
  if (!existsSync(command)) return undefined
  const text = await output(command, options)
  return /\d+\.[\d.]*\d/.exec(text)?.[0] ?? text
}

/** The program's report: the last line of what it prints. */
export function reportIn(text: string): Report {
  return JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as Report
}

/** The digest of the answers to all questions of program/conformance.ts, in Node. */
const ANSWERS = '86d66969caead2c6a97cd7a3573c9eb2265f21df43df437d8c4edc818085edf2'

function isConforming({ questions, wrong, answers }: Report['conformance']): boolean {
  return questions > 0 && wrong === 0 && answers === ANSWERS
}

/** A run fails if a round does, if its threads make another mask, or if it answers a question differently. */
export function isWorking({ rounds, threads, conformance, ports }: Report): boolean {
  const allRounds = Object.values(rounds)
  return (
    allRounds.length === 4 &&
    allRounds.every((round) => round === true) &&
    threads.agree &&
    (ports === true || ports === 'missing') &&
    isConforming(conformance)
  )
}
