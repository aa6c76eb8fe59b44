import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../src/', import.meta.url))
/** The text without comments, whose examples are programs of callers. */
const code = (text: string): string => text.replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '')

const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: code(readFileSync(`${root}${path}`, 'utf8')) }))

test('no source draws from a generator that can be predicted', () => {
  expect(sources.length).toBeGreaterThan(50)
  const drawing = sources.filter(({ text }) => /\bMath\s*(\.\s*random|\[|\?\.)|pseudoRandomBytes/.test(text))
  expect(drawing.map(({ path }) => path)).toEqual([])
})

test('the seeded generator of simulations is used by simulations alone', () => {
  const users = sources.filter(({ text }) => /seeded-random|SeededRandom/.test(text)).map(({ path }) => path)
  expect(users.filter((path) => !path.startsWith('simulate/'))).toEqual([])
  expect(users.length).toBeGreaterThan(0)
})

test('the platform’s generators are asked in the providers alone', () => {
  const asking = sources.filter(({ text }) => /\.getRandomValues\(|randomFillSync\(/.test(text))
  for (const { path } of asking) expect(path).toMatch(/^crypto\//)
  expect(asking.length).toBeGreaterThan(0)
})
