import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report } from './program/report.js'
import type { Way } from './ways.js'

/** How a way of bundling went. */
export interface Row {
  readonly way: Way
  readonly works: boolean
  readonly version?: string
  readonly warnings?: readonly string[]
  readonly report?: Report
  readonly failure?: string
}

const HEADING = '## Bundlers\n'

const INTRODUCTION = `
\`npm run check:bundlers -- --write\` writes this section. Each bundler bundles one program, which then runs: a round, whose sum
must be right, and a mask on a pool with two threads, which must be the same as on one thread. If a pool cannot start its threads, its \`failure\` says why and the calling thread does the work.

- **to do**: what the program or the settings need so that the pool has its threads. The [guide](guide.md#platforms) has the recipes.
- **warnings**: how many warnings the bundler prints.

`

/** Writes the section about bundlers into docs/compatibility.md, and leaves the rest of the page as it is. */
export function writeRows(rows: readonly Row[]): void {
  const path = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '# Where it runs\n'
  const [before] = page.split(`\n${HEADING}`)
  const section = [
    HEADING,
    INTRODUCTION,
    '| bundler | version | runs | to do | sum | provider | threads | warnings |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...rows.map(lineOf),
  ]
  writeFileSync(path, `${before!.trimEnd()}\n\n${section.join('')}`)
}

function lineOf({ way, version, warnings, report }: Row): string {
  const cells = [
    way.name,
    version ?? '',
    way.runs,
    way.recipe,
    report?.isSameMask ? 'right' : way.refusal !== undefined ? 'does not build' : '**wrong**',
    report?.provider ?? '',
    report?.threads ?? '',
    warnings?.length ?? '',
  ]
  return `| ${cells.join(' | ')} |\n`
}
