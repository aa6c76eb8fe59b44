import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHROMIUM_ARGUMENTS, findChromium } from './chromium.js'

/** A command and its arguments. */
type Command = readonly [command: string, ...options: string[]]

/** A browser that is started with the address of a page, in a profile that it has alone, and is ended after the report. */
export interface Browser {
  readonly name: string
  readonly files: readonly (string | undefined)[]
  /** How it is started, and where it keeps its profile. */
  start(address: string, profile: string): Command
}

const FIREFOX = '/usr/bin/firefox-esr'
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'
const XVFB = '/usr/bin/xvfb-run'

/** The browsers that Debian has, installed or not. */
export function browsers(): readonly Browser[] {
  const chromium = findChromium()
  return [
    {
      name: 'Chromium',
      files: [chromium],
      start: (address, profile) => [
        chromium!,
        ...['--headless', ...CHROMIUM_ARGUMENTS, `--user-data-dir=${profile}`, address],
      ],
    },
    {
      name: 'Firefox',
      files: [FIREFOX],
      start: (address, profile) => [FIREFOX, '--headless', '--no-remote', '--profile', profile, address],
    },
    {
      name: 'WebKitGTK',
      files: [XVFB, MINI_BROWSER],
      // It needs a display.
      start: (address) => [XVFB, '--auto-servernum', MINI_BROWSER, address],
    },
  ]
}

/**
 * Opens a page in a new process group with a new profile. The function that it returns ends the whole group and removes the
 * profile.
 */
export function openPage(browser: Browser, address: string): () => Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'secagg-profile-'))
  const [command, ...options] = browser.start(address, profile)
  const home = { HOME: profile, XDG_CACHE_HOME: profile, XDG_CONFIG_HOME: profile, XDG_DATA_HOME: profile }
  const child = spawn(command, options, {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, ...home, MOZ_DISABLE_AUTO_SAFE_MODE: '1' },
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}
