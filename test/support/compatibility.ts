import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PAGE = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))
const HEADING = '\n## Bundlers\n'

type Part = 'runtimes' | 'bundlers'

/**
 * Writes one part of docs/compatibility.md and leaves the other as it is: everything before the section about bundlers, or that
 * section without its heading.
 */
export function writeCompatibility(part: Part, text: string): void {
  const parts = readParts()
  parts[part] = text
  const { runtimes, bundlers } = parts
  writeFileSync(PAGE, runtimes.trimEnd() + (bundlers === '' ? '\n' : `\n${HEADING}${bundlers}`))
}

/** One part of docs/compatibility.md as it is. */
export function readCompatibility(part: Part): string {
  return readParts()[part]
}

function readParts(): Record<Part, string> {
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Where it runs\n'
  const [runtimes = '', bundlers = ''] = page.split(HEADING)
  return { runtimes, bundlers }
}

/** A table in Markdown, with aligned columns. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...escaped.map((row) => row[column]!.length)))
  const lines = escaped.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)))
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  )
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** The rows of the table in `text` that has this head; none if there is no such table. */
export function rowsIn(text: string, head: readonly string[]): string[][] {
  const rows: string[][] = []
  let isInside = false
  for (const line of text.split('\n')) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
    if (cells.join() === head.join()) isInside = true
    else if (cells.length !== head.length) isInside = false
    else if (isInside && !/^-+$/.test(cells[0]!)) rows.push(cells)
  }
  return rows
}
