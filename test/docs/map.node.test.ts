import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))

/** The files of client and server that do the same on either side. */
const COUNTERPARTS = /^src\/protocol\/(client|server)\//

test('the map of the code lists every folder, and no other', () => {
  const map = readFileSync(`${root}docs/CONTRIBUTING.md`, 'utf8')
  const listed = [...map.matchAll(/^\| `(src[^`]*)` /gm)].map(([, folder]) => folder!)
  expect(listed.toSorted()).toEqual([...new Set(files.map(dirname))].toSorted())
})

test('a newcomer can find the way: few files, none too long, no name twice', () => {
  expect(files.length).toBeLessThanOrEqual(310)
  const lengths = files.map((file) => readFileSync(root + file, 'utf8').split('\n').length - 1)
  expect(files.filter((_, index) => lengths[index]! > 300)).toEqual([])
  expect(lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)]).toBeGreaterThanOrEqual(100)
  const names = files
    .filter((file) => !COUNTERPARTS.test(file))
    .map((file) => basename(file))
    .filter((name) => name !== 'index.ts')
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
