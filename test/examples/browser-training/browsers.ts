import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FIREFOX = '/usr/bin/firefox-esr'

export function hasFirefox(): boolean {
  return existsSync(FIREFOX)
}

/** A Firefox with one page, in a profile and a process group that it has alone. */
export class Firefox {
  readonly #profile: string = mkdtempSync(join(tmpdir(), 'secagg-firefox-'))
  readonly #process: ChildProcess
  readonly #ended: Promise<void>

  constructor(address: string) {
    const profile = this.#profile
    this.#process = spawn(FIREFOX, ['--headless', '--no-remote', '--profile', profile, address], {
      stdio: 'ignore',
      detached: true,
      env: {
        ...process.env,
        HOME: profile,
        XDG_CACHE_HOME: profile,
        XDG_CONFIG_HOME: profile,
        XDG_DATA_HOME: profile,
        MOZ_DISABLE_AUTO_SAFE_MODE: '1',
      },
    })
    this.#ended = new Promise((resolve) => {
      this.#process.once('exit', () => resolve())
      this.#process.once('error', () => resolve())
    })
  }

  async close(): Promise<void> {
    const { pid } = this.#process
    const end = (signal: 'SIGTERM' | 'SIGKILL'): void => {
      if (pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
        process.kill(-pid, signal)
      }
    }
    end('SIGTERM')
    const timer = setTimeout(end, 5000, 'SIGKILL')
    await this.#ended
    clearTimeout(timer)
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}
