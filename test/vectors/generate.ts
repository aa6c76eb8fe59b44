import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { allVectors } from './all.js'
import { print } from './print.js'

// `npm run vectors` writes the vectors.
const folder = fileURLToPath(new URL('./', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, vector] of Object.entries(await allVectors())) {
  writeFileSync(`${folder}${name}.json`, print(vector))
}
