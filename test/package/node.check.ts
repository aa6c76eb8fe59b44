import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { EXPECTED, manifest, project, runNode, specifiers } from './support.js'

test.each([
  { format: 'esm', file: 'main.mjs', loads: 'from "secagg"' },
  { format: 'cjs', file: 'main.cjs', loads: 'require("secagg")' },
] as const)(
  'a program in Node runs rounds, alone and with a pool of threads: $format',
  async ({ format, file, loads }) => {
    const { outputFiles } = await build({
      entryPoints: [join(project, 'programs/main.ts')],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format,
      write: false,
    })
    expect(outputFiles[0]!.text).toContain(loads)
    writeFileSync(join(project, file), outputFiles[0]!.text)
    expect(JSON.parse(runNode(file))).toEqual(EXPECTED)
  },
)

test('every entry point can be imported and required, as one and the same module', () => {
  // The worker file listens to whoever started it, and has no exports.
  const modules = specifiers.filter((specifier) => specifier !== 'secagg/workers/worker')
  expect(modules.length).toBeGreaterThanOrEqual(11)
  const program = `
    const { createRequire } = await import('node:module')
    const require = createRequire(${JSON.stringify(join(project, 'main.cjs'))})
    for (const specifier of ${JSON.stringify(modules)}) {
      const imported = await import(specifier)
      const required = require(specifier)
      const names = Object.keys(imported)
      if (names.length === 0) throw new Error(specifier + ' exports nothing')
      for (const name of names) if (imported[name] !== required[name]) throw new Error(specifier + ' ' + name)
      console.log(specifier)
    }
    console.log(require('secagg/package.json').name)`
  expect(runNode('--input-type=module', '--eval', program).trim().split('\n')).toEqual([...modules, 'secagg'])
})

test('its command simulates a round', () => {
  const command = join('node_modules/secagg', manifest.bin.secagg!)
  const output = runNode(command, 'simulate', '--clients', '10', '--length', '100')
  expect(output).toMatch(/10/)
})
