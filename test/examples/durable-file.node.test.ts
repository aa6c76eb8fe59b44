import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeFolder, writeDurably } from '../../docs/examples/coordinator/durable-file.js'
import { enrol } from '../../docs/examples/coordinator/enrolment.js'
import { StateFile } from '../../docs/examples/coordinator/state-file.js'

/** What was asked of the disk, in order. */
const asked: string[] = []
const names = new Map<number, string>()

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return {
    ...fs,
    openSync: (path: string, ...rest: [string, number?]) => {
      const file = fs.openSync(path, ...rest)
      names.set(file, basename(path))
      return file
    },
    fsyncSync: (file: number) => {
      fs.fsyncSync(file)
      asked.push(`sync ${names.get(file)}`)
    },
    renameSync: (from: string, to: string) => {
      fs.renameSync(from, to)
      asked.push(`rename ${basename(from)} ${basename(to)}`)
    },
  }
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'))
  asked.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a state that was renamed is synced with its folder, or a loss of power brings back the one before', () => {
  const file = new StateFile(join(folder, 'client.state'))
  file.write({ round: 1, sessionId: new Uint8Array(32) }, Uint8Array.of(1, 2, 3))
  expect(asked).toEqual([
    'sync client.state.part',
    'rename client.state.part client.state',
    `sync ${basename(folder)}`,
  ])
})

test('keys are on the disk before the list that names them', async () => {
  await enrol(join(folder, 'data', 'clients'), 2)
  const file = (name: string) => [`sync ${name}.part`, `rename ${name}.part ${name}`, 'sync clients']
  expect(asked).toEqual([
    ...[`sync ${basename(folder)}`, 'sync data'],
    ...['client-000.key', 'client-001.key', 'enrolment.json'].flatMap(file),
  ])
  expect(readdirSync(join(folder, 'data', 'clients'))).toHaveLength(3)
  expect(statSync(join(folder, 'data', 'clients', 'client-000.key')).mode & 0o777).toBe(0o600)
})

test('what cannot be written leaves the file that was there', () => {
  const path = join(folder, 'file')
  writeDurably(path, 'before')
  makeFolder(`${path}.part`)
  expect(() => writeDurably(path, 'after')).toThrow('EISDIR')
  expect(readFileSync(path, 'utf8')).toBe('before')
})
