import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type BenchReport, fillIn } from '../../bench/report/tables.js'

test('the tables of the page on performance are those of the benchmark that is kept beside it', () => {
  const read = (path: string): string =>
    readFileSync(fileURLToPath(new URL(`../../docs/${path}`, import.meta.url)), 'utf8')
  const document = read('performance.md')
  const report = JSON.parse(read('performance/bench.json')) as BenchReport
  expect(fillIn(document, report)).toBe(document)
  expect([...document.matchAll(/^<!-- (?!end)\w+ -->$/gm)].length).toBeGreaterThanOrEqual(9)
})
