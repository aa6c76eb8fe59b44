import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { allVectors } from './all.js'
import { withExample } from './example.js'
import type { RoundVector } from './format.js'
import { print } from './print.js'

// `npm run vectors` writes the vectors, and the example in the specification.

const root = fileURLToPath(new URL('../../', import.meta.url))
const vectors = await allVectors()
for (const [name, vector] of Object.entries(vectors)) {
  writeFileSync(`${root}test/vectors/${name}.json`, print(vector))
}
const specification = `${root}docs/specification.md`
const example = vectors['round-example'] as RoundVector
writeFileSync(specification, withExample(readFileSync(specification, 'utf8'), example))
