import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { SliceStore } from 'secagg'
import type { Point } from './tasks.js'

/** Waits for ever where the party is to be killed there. */
export type Reach = (point: Point) => Promise<void>

/** What was stored last, all of it. */
export function readStored(path: string): Uint8Array | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined
}

/** Puts `bytes` in the place of what was stored before, all of them or none, and on the disk itself. */
export async function store(path: string, bytes: Uint8Array, reach: Reach): Promise<void> {
  await reach('before saving')
  const file = openSync(`${path}.new`, 'w')
  const half = bytes.length >>> 1
  writeSync(file, bytes.subarray(0, half))
  await reach('half of the file written')
  writeSync(file, bytes.subarray(half))
  fsyncSync(file)
  closeSync(file)
  await reach('file written')
  renameSync(`${path}.new`, path)
  await reach('file renamed')
  // A name is part of its folder.
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** A file for each slice, in a folder for each seat. */
export function sliceFiles(folder: string, reach: Reach): SliceStore {
  return {
    put: async (seat, slice, bytes) => {
      mkdirSync(`${folder}/${seat}`, { recursive: true })
      writeFileSync(`${folder}/${seat}/${slice}`, bytes.subarray(0, bytes.length >>> 1))
      await reach('half a slice stored')
      writeFileSync(`${folder}/${seat}/${slice}`, bytes)
    },
    get: async (seat, slice) => {
      if (slice > 0) await reach('half a vector folded')
      return new Uint8Array(readFileSync(`${folder}/${seat}/${slice}`))
    },
    discard: (seat) => rmSync(`${folder}/${seat}`, { recursive: true, force: true }),
  }
}
