import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { SliceStore } from 'secagg'

/** Keeps the partial sums of one round in a folder, one file for each block. They survive a crash and a power failure. */
export function fileStore(folder: string): SliceStore {
  mkdirSync(folder, { recursive: true })
  const nameOf = (group: number, block: number): string => join(folder, `${group}-${block}`)
  return {
    put: async (group, block, bytes) => {
      const name = nameOf(group, block)
      const file = await open(`${name}.new`, 'w')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${name}.new`, name)
      // The new name must be on the disk too.
      const parent = await open(folder)
      await parent.sync().finally(() => parent.close())
    },
    get: (group, block) => {
      const name = nameOf(group, block)
      return new Uint8Array(existsSync(name) ? readFileSync(name) : [])
    },
    discard: (group) => {
      for (const name of readdirSync(folder)) {
        if (name.startsWith(`${group}-`)) rmSync(join(folder, name), { force: true })
      }
    },
  }
}
