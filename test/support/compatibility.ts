import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PAGE = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))
const HEADING = '\n## Bundlers\n'

/**
 * Writes one part of docs/compatibility.md and leaves the other as it is: everything before the section about bundlers, or that
 * section without its heading.
 */
export function writeCompatibility(part: 'runtimes' | 'bundlers', text: string): void {
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# Where it runs\n'
  const [runtimes = '', bundlers = ''] = page.split(HEADING)
  const parts = { runtimes, bundlers, [part]: text }
  writeFileSync(
    PAGE,
    parts.runtimes.trimEnd() + (parts.bundlers === '' ? '\n' : `\n${HEADING}${parts.bundlers}`),
  )
}
