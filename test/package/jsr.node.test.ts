import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => JSON.parse(readFileSync(root + file, 'utf8'))
const npm = read('package.json')
const jsr = read('.jsr.json')

test('JSR gets the same version and license as npm', () => {
  expect(jsr).toMatchObject({ version: npm.version, license: npm.license })
})

test('JSR gets the source of each entry', () => {
  const entries = Object.entries<string | { readonly types: string }>(npm.exports).flatMap(
    ([path, target]) =>
      // Deno compiles the kernels from bytes, and does not need the file.
      typeof target === 'string' || path === './kernels.wasm'
        ? []
        : [[path, target.types.replace('/dist/', '/src/').replace('.d.ts', '.ts')] as const],
  )
  expect(entries.length).toBeGreaterThan(10)
  expect(jsr.exports).toEqual(Object.fromEntries(entries))
})
