import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

const documents = [
  'README.md',
  ...['docs', 'test', 'bench'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
      .map((path) => join(folder, path)),
  ),
]

/** The text that is not code, where brackets mean nothing. */
function proseOf(document: string): string {
  const markdown = readFileSync(root + document, 'utf8')
  return markdown
    .replace(/^ *(`{3,}|~{3,}).*?^ *\1`*$/gms, '')
    .replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '$1code$1')
}

/** The anchors of the headings, as hosts of Git repositories make them of their text. */
function anchorsOf(document: string): Set<string> {
  const markdown = readFileSync(root + document, 'utf8').replace(/^ *(`{3,}|~{3,}).*?^ *\1`*$/gms, '')
  const anchors = new Set<string>()
  for (const [, text] of markdown.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = text!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function linksOf(document: string): string[] {
  const links = /\]\(<?([^\s)>]+)>?(?: "[^"]*")?\)|<[^>]*\s(?:href|src|srcset)="([^"]+)"/g
  return [...proseOf(document).matchAll(links)].map(([, link, ofTag]) => link ?? ofTag!)
}

test.each(documents)('the links of %s lead to what is in the repository', (document) => {
  const broken = linksOf(document).filter((link) => {
    if (/^(?:https?|mailto):/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? document : join(dirname(document), decodeURIComponent(path))
    if (target.startsWith('..') || !existsSync(root + target)) return true
    if (anchor === undefined) return false
    // Anchors into source code are lines, which move.
    return !target.endsWith('.md') || statSync(root + target).isDirectory() || !anchorsOf(target).has(anchor)
  })
  expect(broken).toEqual([])
})

test('links are found', () => {
  expect(linksOf('README.md')).toContain('docs/guide.md')
  expect(linksOf('docs/guide.md')).toContain('../README.md#guarantees')
  expect(anchorsOf('docs/guide.md')).toContain('the-paper-step-by-step')
})
