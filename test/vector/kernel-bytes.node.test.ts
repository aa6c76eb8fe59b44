import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import loadWabt from 'wabt'
import {
  CHACHA_HEX,
  FLOATS_HEX,
  KERNEL_HEX,
  PACKING_HEX,
  ROTATION_HEX,
} from '../../src/vector/kernels/binaries.js'

const folder = new URL('../../src/vector/kernels/', import.meta.url)

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

function constantOf(name: string, hex: string): string {
  const lines = hex.match(/.{1,104}/g)!.map((line) => `  '${line}'`)
  return [
    `/** The WebAssembly binary of ${name}.wat in hexadecimal digits. */`,
    `export const ${name.toUpperCase()}_HEX: string =`,
    `${lines.join(' +\n')}`,
    '',
  ].join('\n')
}

const KERNELS = {
  kernel: KERNEL_HEX,
  chacha: CHACHA_HEX,
  packing: PACKING_HEX,
  floats: FLOATS_HEX,
  rotation: ROTATION_HEX,
}

test('the binaries in the source match the .wat files', async () => {
  const compiled: Record<string, string> = {}
  for (const name of Object.keys(KERNELS)) compiled[name] = await compile(name)
  if (process.env.UPDATE_KERNEL !== undefined) {
    const head = [
      '// Compiled from the .wat files in this folder. To compile them again after a change, run:',
      '//   UPDATE_KERNEL=1 npx vitest run --project node test/vector/kernel-bytes',
      '',
      '',
    ].join('\n')
    const constants = Object.entries(compiled).map(([name, hex]) => constantOf(name, hex))
    writeFileSync(new URL('binaries.ts', folder), head + constants.join('\n'))
  } else expect(compiled).toEqual(KERNELS)
})
