import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Store } from '../../docs/examples/coordinator/store.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secagg-store-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What another process sees that opens the database and writes to it. */
function writeInAnotherProcess(path: string): string {
  const program = `
    import { ClassicLevel } from 'classic-level'
    const database = new ClassicLevel(process.argv[1])
    try {
      await database.open()
      await database.put('result 000000000007', '{}')
      console.log('written')
    } catch (error) {
      console.log(error.cause?.code ?? error.code)
    }`
  return execFileSync(process.execPath, ['--input-type=module', '-e', program, path], {
    encoding: 'utf8',
  }).trim()
}

test('a second coordinator in the same process is refused, and the first keeps the database to itself', async () => {
  const path = join(folder, 'database')
  const store = await Store.open(path)
  symlinkSync(path, join(folder, 'alias'))
  for (const again of [path, `${path}/`, join(folder, 'alias')]) {
    await expect(Store.open(again)).rejects.toThrow('already open in this process')
  }
  expect(writeInAnotherProcess(path)).toBe('LEVEL_LOCKED')

  await store.finish({ round: 1, failed: 'nobody came' })
  await store.close()
  const opened = await Store.open(path)
  expect(await opened.lastRound()).toBe(1)
  await opened.close()
})

test('a folder that could not be opened can be opened later', async () => {
  const path = join(folder, 'database')
  const store = await Store.open(path)
  await store.close()
  expect(writeInAnotherProcess(path)).toBe('written')
  const [first, second] = await Promise.allSettled([Store.open(path), Store.open(path)])
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
  if (first.status === 'fulfilled') await first.value.close()
  await (await Store.open(path)).close()
})
