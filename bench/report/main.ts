// Usage: npm run bench:report [-- FILE]
// FILE is what `npm run bench -- --json FILE` wrote; default: docs/performance/bench.json, which it becomes.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { plots } from './plots.js'
import { type BenchReport, fillIn } from './tables.js'

const docs = (path: string): string => fileURLToPath(new URL(`../../docs/${path}`, import.meta.url))
const kept = docs('performance/bench.json')
const report = JSON.parse(readFileSync(process.argv[2] ?? kept, 'utf8')) as BenchReport
writeFileSync(kept, `${JSON.stringify(report, undefined, 2)}\n`)
for (const [name, drawn] of Object.entries(await plots(report))) {
  writeFileSync(docs(`performance/${name}`), `${drawn}\n`)
}
const document = docs('performance.md')
writeFileSync(document, fillIn(readFileSync(document, 'utf8'), report))
