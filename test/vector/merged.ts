import { createHash } from 'node:crypto'
import loadWabt from 'wabt'

/** The binary of a module in text form. */
export async function compileWat(name: string, source: string): Promise<Buffer> {
  const wabt = await loadWabt()
  const module = wabt.parseWat(`${name}.wat`, source, { simd: true })
  module.resolveNames()
  module.validate()
  const { buffer } = module.toBinary({ write_debug_names: false })
  module.destroy()
  return Buffer.from(buffer)
}

/**
 * One module with the functions of several .wat files. It imports the memory only: what one of them imports from another is in
 * the module. Its export `build` is a number that depends on every instruction.
 */
export function mergedModules(sources: readonly string[]): string {
  const bodies = sources.map((source) => {
    const module = source
      .replace(/^\s*;;.*\n/gm, '')
      .replace(/^ *\(import "\w+" "\w+" .*\n/gm, '')
      .trim()
    if (!module.startsWith('(module') || !module.endsWith(')')) throw new Error('not a module')
    return module.slice('(module'.length, -1)
  })
  const body = bodies.join('')
  return `(module
  (import "host" "memory" (memory 1))
  (global (export "build") i32 (i32.const ${createHash('sha256').update(body).digest().readInt32LE()}))
${body})`
}
