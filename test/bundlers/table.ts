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
  /** The bytes of a bundle with a client alone, compressed with gzip; 0 if they are not measured. */
  readonly clientBytes?: number
}

const INTRODUCTION = `
\`npm run check:bundlers -- --write\` writes this section. Each bundler bundles one program, which then runs: a round, whose sum
must be right, and a mask on a pool with two threads, which must be the same as on one thread. If a pool cannot start its
threads, its \`failure\` says why, and the calling thread does the work.

- **with**: what the program or the settings do for the threads. The [guide](guide.md#platforms) has these recipes.
- **warnings**: how many warnings the bundler prints.

`

/** Writes the section about bundlers of docs/compatibility.md. */
export function writeRows(rows: readonly Row[]): void {
  const section = [
    INTRODUCTION,
    '| bundler | version | runs | with | sum | provider | threads | warnings |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...rows.map(lineOf),
    ...rows.flatMap(sizeOf),
  ]
  writeCompatibility('bundlers', section.join(''))
}

/** Of a bundler that keeps whole modules: how large a client is. */
function sizeOf({ way, clientBytes = 0 }: Row): string[] {
  if (clientBytes === 0) return []
  return [
    `\n${way.name} keeps whole modules. \`ClientSession\` and \`createRoundConfig\` of \`secagg/client\` are ${(clientBytes / 1000).toFixed(1)} kB\n`,
    `there, minified and with gzip.\n`,
  ]
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
