import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A line of a program's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string }

const running = new Set<Program>()

/** A program in a process of its own, and everything that it has logged; each line has to be JSON. */
export class Program {
  readonly lines: Line[] = []
  readonly exited: Promise<number | null>
  readonly #process: ChildProcess
  readonly #waiting = new Set<() => void>()
  #problem: Error | undefined

  constructor(file: string, options: Readonly<Record<string, string | number>>) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    this.#process = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this)
    createInterface(this.#process.stdout!).on('line', (line) => this.#take(line))
    createInterface(this.#process.stderr!).on('line', (line) => this.#take(line))
    this.exited = new Promise((resolve) => {
      this.#process.on('exit', (code) => {
        running.delete(this)
        resolve(code)
      })
    })
  }

  /** The first line that was or will be logged of which this is true, from line `from` on. */
  async line(matches: (line: Line) => boolean, from = 0): Promise<Line> {
    for (;;) {
      if (this.#problem !== undefined) throw this.#problem
      const found = this.lines.slice(from).find(matches)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal)
  }

  /** Ends it without a moment to prepare. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exited
  }

  #take(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as Line)
    } catch {
      this.#problem ??= new Error(`not JSON: ${text}`)
    }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}

export async function killAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()))
}
