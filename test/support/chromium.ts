import { existsSync } from 'node:fs'

/** The Chromium that tests run in: `CHROMIUM_PATH`, or where systems have it. */
export function findChromium(): string | undefined {
  const places = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ]
  return places.filter((path) => path !== undefined).find((path) => existsSync(path))
}

/** It asks nobody for anything. */
export const CHROMIUM_ARGUMENTS: string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
