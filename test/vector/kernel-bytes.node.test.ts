import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  CHACHA_HEX,
  FLOATS_HEX,
  KERNEL_HEX,
  KERNELS_ANSWER,
  KERNELS_BUILD,
  PACKING_HEX,
  ROTATION_HEX,
} from '../../src/vector/kernels/binaries.js'
import { answerOf, type Kernels } from '../../src/vector/kernels/kernels-answer.js'
import { compileWat, mergedModules } from './merged.js'

const folder = new URL('../../src/vector/kernels/', import.meta.url)

const sourceOf = (name: string): string => readFileSync(new URL(`${name}.wat`, folder), 'utf8')

/** The constants by which the module of all functions is recognized. */
function markOf(binary: Buffer): { readonly build: number; readonly answer: number } {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const module = new WebAssembly.Module(new Uint8Array(binary))
  const kernels = new WebAssembly.Instance(module, { host: { memory } }).exports as unknown as Kernels
  return { build: kernels.build.value, answer: answerOf(kernels, memory) }
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

const merged = new URL('kernels.wasm', folder)

test('the binaries in the source match the .wat files', async () => {
  const compiled: Record<string, string> = {}
  for (const name of Object.keys(KERNELS)) {
    compiled[name] = (await compileWat(name, sourceOf(name))).toString('hex')
  }
  const together = await compileWat('kernels', mergedModules(Object.keys(KERNELS).map(sourceOf)))
  const { build, answer } = markOf(together)
  if (process.env.UPDATE_KERNEL !== undefined) {
    const head = [
      '// Compiled from the .wat files in this folder. To compile them again after a change, run:',
      '//   UPDATE_KERNEL=1 npx vitest run --project node test/vector/kernel-bytes',
      '',
      '',
    ].join('\n')
    const constants = Object.entries(compiled).map(([name, hex]) => constantOf(name, hex))
    const marks = [
      '/** The number that kernels.wasm exports as `build`. */',
      `export const KERNELS_BUILD = ${build}`,
      '',
      '/** The checksum of what the functions of kernels.wasm give, see kernels-answer.ts. */',
      `export const KERNELS_ANSWER = ${answer}`,
      '',
    ].join('\n')
    writeFileSync(new URL('binaries.ts', folder), `${head + constants.join('\n')}\n${marks}`)
    writeFileSync(merged, together)
  } else {
    expect(compiled).toEqual(KERNELS)
    expect(readFileSync(merged).equals(together)).toBe(true)
    expect({ build, answer }).toEqual({ build: KERNELS_BUILD, answer: KERNELS_ANSWER })
  }
})
