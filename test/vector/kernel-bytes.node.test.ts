import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import loadWabt from 'wabt'
import { CHACHA_HEX } from '../../src/vector/chacha-bytes.js'
import { KERNEL_HEX } from '../../src/vector/kernel-bytes.js'
import { PACKING_HEX } from '../../src/vector/packing-bytes.js'

const folder = new URL('../../src/vector/', import.meta.url)

async function compile(name: string): Promise<string> {
  const wabt = await loadWabt()
  const source = readFileSync(new URL(`${name}.wat`, folder), 'utf8')
  const module = wabt.parseWat(`${name}.wat`, source, { simd: true })
  module.resolveNames()
  module.validate()
  const { buffer } = module.toBinary({ write_debug_names: false })
  module.destroy()
  return Buffer.from(buffer).toString('hex')
}

function sourceOf(name: string, hex: string): string {
  const lines = hex.match(/.{1,104}/g)!.map((line) => `  '${line}'`)
  return [
    `// Compiled from ${name}.wat. To make it anew after a change there:`,
    '//   UPDATE_KERNEL=1 npx vitest run --project node test/vector/kernel-bytes',
    '',
    `/** The WebAssembly binary of ${name}.wat in hexadecimal digits. */`,
    `export const ${name.toUpperCase()}_HEX: string =`,
    `${lines.join(' +\n')}`,
    '',
  ].join('\n')
}

test.each([
  ['kernel', KERNEL_HEX],
  ['chacha', CHACHA_HEX],
  ['packing', PACKING_HEX],
])('the bytes of %s in the source are what the text compiles to', async (name, bytes) => {
  const hex = await compile(name)
  if (process.env.UPDATE_KERNEL !== undefined) {
    writeFileSync(new URL(`${name}-bytes.ts`, folder), sourceOf(name, hex))
  } else expect(bytes).toBe(hex)
})
