import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Replaces a file, completely or not at all. The new content is on the disk when this returns. */
export function writeDurably(path: string, bytes: Uint8Array | string): void {
  const part = `${path}.part`
  const file = openSync(part, 'w', 0o600)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(part, path)
  syncFolder(dirname(path))
}

/** Makes a folder and its parents. They are on the disk when this returns. */
export function makeFolder(path: string): void {
  const folder = resolve(path)
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { recursive: true })
  syncFolder(dirname(folder))
}

/** Syncs the names in a folder. Otherwise, a renamed file may have its old name again after a power failure. */
function syncFolder(path: string): void {
  // Windows cannot open folders, and syncs names by itself.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
