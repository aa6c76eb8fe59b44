import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { allVectors } from './all.js'
import { withExample } from './example.js'
import type { RoundVector } from './format.js'
import { print } from './print.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(root + path, 'utf8')

test('the vectors, and the example in the specification, are what `npm run vectors` writes', async () => {
  const vectors = await allVectors()
  for (const [name, vector] of Object.entries(vectors)) {
    expect(print(vector) === read(`test/vectors/${name}.json`), `${name}.json`).toBe(true)
  }
  const kept = readdirSync(`${root}test/vectors`).filter((name) => name.endsWith('.json'))
  expect(kept.sort()).toEqual(
    Object.keys(vectors)
      .map((name) => `${name}.json`)
      .sort(),
  )
  const specification = read('docs/specification.md')
  expect(withExample(specification, vectors['round-example'] as RoundVector)).toBe(specification)
})
