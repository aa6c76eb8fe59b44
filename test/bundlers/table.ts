import { readCompatibility, rowsIn, tableOf, writeCompatibility } from '../support/compatibility.js'
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

const HEAD = ['bundler', 'version', 'runs', 'with', 'sum', 'provider', 'threads', 'warnings'] as const

/**
 * Writes these rows into the section about bundlers of docs/compatibility.md. The rows of other ways stay as they are.
 * @param all - All ways, in the order of the table.
 */
export function writeRows(rows: readonly Row[], all: readonly Way[]): void {
  const section = readCompatibility('bundlers')
  const known = new Map(rowsIn(section, HEAD).map((cells) => [cells[0], cells]))
  for (const row of rows) known.set(row.way.name, cellsOf(row))
  const lines = all.map(({ name }) => known.get(name)).filter((cells) => cells !== undefined)
  const sizes = rows.flatMap(sizeOf)
  const [size = ''] = sizes.length > 0 ? sizes : (/\n[^|\n]+ keeps whole modules[\s\S]+/.exec(section) ?? [])
  writeCompatibility('bundlers', INTRODUCTION + tableOf(HEAD, lines) + size)
}

/** Of a bundler that keeps whole modules: how large a client is. */
function sizeOf({ way, clientBytes = 0 }: Row): string[] {
  if (clientBytes === 0) return []
  return [
    `\n${way.name} keeps whole modules. \`ClientSession\` and \`createRoundConfig\` of \`secagg/client\` are ${(clientBytes / 1000).toFixed(1)} kB
there, minified and with gzip.\n`,
  ]
}

function cellsOf({ way, version, warnings, report, works }: Row): string[] {
  return [
    way.name,
    version ?? '',
    way.runs,
    way.recipe,
    report?.isSameMask ? 'right' : way.refusal !== undefined && works ? 'does not build' : '**wrong**',
    report?.provider ?? '',
    `${report?.threads ?? ''}`,
    `${warnings?.length ?? ''}`,
  ]
}
