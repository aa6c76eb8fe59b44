// Averages updates of trained models from packages of npm with 16 bits per value: with one clip for all tensors, and with
// clips by tensor after five rounds of nextPlan. Prints a table, and fails if a tensor is off by more than 2 % then.
// Usage: npm run check:models -- [--only REGEXP]
import { parseArgs } from 'node:util'
import { type Errors, LOST, largestOf, measure } from './measure.js'
import { MODELS, type Tensors } from './model.js'
import type { Kind } from './updates.js'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const only = new RegExp(values.only, 'i')
const KINDS: readonly Kind[] = ['weights', 'changes']

/** Without what is not trained: scalars, such as the ε of a norm, and tensors of zeros, of which no error can be stated. */
function trained(tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([, { shape, data }]) => shape.length > 0 && largestOf(data) > 0))
}

const percent = (fraction: number): string =>
  fraction >= 10 ? `${Math.round(fraction)} times` : `${(100 * fraction).toPrecision(2)} %`
const shown = ({ worst, lost }: Errors): string =>
  lost.length === 0 ? percent(worst) : `${percent(worst)}, ${lost.length} lost`

const rows: string[][] = [
  ['model', 'kind', 'tensors', 'values', 'sent', 'spread', 'one clip', 'adaptive clips'],
]
let failed = 0
for (const { name, kind, read } of MODELS.filter(({ name }) => only.test(name))) {
  const tensors = trained(read())
  const count = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
  for (const sent of KINDS) {
    const { spread, before, after } = measure(tensors, sent)
    rows.push([
      name,
      kind,
      String(tensors.size),
      String(count),
      sent,
      spread.toExponential(0),
      shown(before),
      shown(after),
    ])
    process.stdout.write(`${rows.at(-1)!.join(' | ')}\n`)
    const isWell = after.worst <= LOST && before.areNamed
    if (!isWell) failed++
    if (!isWell) process.stdout.write(`  FAILED: ${JSON.stringify({ before: before.areNamed, after })}\n`)
  }
}
const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
const line = (row: readonly string[]): string =>
  `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`
const [heading, ...body] = rows
process.stdout.write(
  `\n${line(heading!)}| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n${body.map(line).join('')}\n`,
)
process.stdout.write(`${body.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
