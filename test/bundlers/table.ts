import { writeCompatibility } from '../support/compatibility.js'
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

const INTRODUCTION = `
\`npm run check:bundlers -- --write\` writes this section. Each bundler bundles one program, which then runs: a round, whose sum
must be right, and a mask on a pool with two threads, which must be the same as on one thread. If a pool cannot start its
threads, its \`failure\` says why, and the calling thread does the work.

- **with**: what the program or the settings do for the threads. The [guide](guide.md#platforms) has these recipes.
- **warnings**: how many warnings the bundler prints. Those of Rollup and Vite are about a comment in \`@scure/base\`.

`

/** Writes the section about bundlers of docs/compatibility.md. */
export function writeRows(rows: readonly Row[]): void {
  const section = [
    INTRODUCTION,
    '| bundler | version | runs | with | sum | provider | threads | warnings |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...rows.map(lineOf),
  ]
  writeCompatibility('bundlers', section.join(''))
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
