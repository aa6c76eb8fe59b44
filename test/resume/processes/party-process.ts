import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect } from 'vitest'
import type { Said, Task } from './tasks.js'

const source = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url))

/** How a task ended, or where it stopped, and what had been sent until then. */
export interface Report {
  readonly end: Exclude<Said, { part: Uint8Array }>
  /** What came whole. */
  readonly messages: readonly (readonly [seat: number, bytes: Uint8Array])[]
  /** Of a message that did not: what came of it. */
  readonly torn: Uint8Array | undefined
}

/** A folder for what the parties store, with the program that they run. */
export class Workshop {
  readonly folder: string = mkdtempSync(`${tmpdir()}/secagg-resume-`)
  readonly #running = new Set<PartyProcess>()

  async build(): Promise<void> {
    await build({
      entryPoints: [fileURLToPath(new URL('party.ts', import.meta.url))],
      outfile: this.#program,
      alias: { secagg: source('index.ts'), 'secagg/vector': source('vector/index.ts') },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
    })
  }

  start(): PartyProcess {
    const started = new PartyProcess(this.#program)
    this.#running.add(started)
    return started
  }

  /** Ends what a failed test has left, and takes everything away. */
  async close(): Promise<void> {
    for (const process of this.#running) await process.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #program(): string {
    return `${this.folder}/party.mjs`
  }
}

/** A process that hosts parties, until it is killed. */
export class PartyProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>
  readonly #hear = new Map<number, (said: Said) => void>()
  #tasks = 0

  constructor(program: string) {
    this.#child = fork(program, { serialization: 'advanced', execArgv: [], env: {} })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (said: Said) => this.#hear.get(said.task)?.(said))
  }

  /** Resolves when the task is done or has failed, or when the party has stopped where it is to be killed. */
  do(task: Task): Promise<Report> {
    const number = this.#tasks++
    const messages: [seat: number, bytes: Uint8Array][] = []
    let torn: Uint8Array | undefined
    return new Promise((resolve, reject) => {
      this.#hear.set(number, (said) => {
        if (!('part' in said)) return resolve({ end: said, messages, torn })
        const part = Uint8Array.of(...(torn ?? []), ...said.part)
        torn = said.last ? undefined : part
        if (said.last) messages.push([said.seat, part])
      })
      this.#exited.then(() => reject(new Error('the process has died by itself')))
      this.#child.send({ number, task })
    })
  }

  /** Ends it in the middle of what it does, as a failure of power does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    expect(await this.#exited).toEqual([null, 'SIGKILL'])
  }
}
