import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { inflateSync } from 'node:zlib'

/** Of a page: the ids that a link can lead to, and its links. */
interface Page {
  readonly ids: ReadonlySet<string>
  readonly links: readonly string[]
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', '#39': "'", lt: '<', gt: '>' }
const decode = (value: string): string =>
  value.replace(/&([a-z]+|#39);/g, (all, name) => ENTITIES[name] ?? all)

function readPage(path: string): Page {
  const html = readFileSync(path, 'utf8')
  const valuesOf = (names: string): string[] =>
    [...html.matchAll(new RegExp(`<[^>]*?\\s(?:${names})="([^"]*)"`, 'g'))].map(([, value]) => decode(value!))
  return { ids: new Set(valuesOf('id|name')), links: valuesOf('href|src|srcset') }
}

/** What each link of a built site leads to is there, anchors included; tells those where it is not. */
export function brokenLinks(site: string): string[] {
  const paths = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.html'),
  )
  const pages = new Map(paths.map((path) => [path, readPage(join(site, path))]))
  const problems: string[] = []
  const check = (from: string, link: string): void => {
    if (/^(?:https?|mailto|data):/.test(link)) return
    const [path = '', anchor = ''] = link.split('#')
    const target = path === '' ? from : join(dirname(from), decodeURIComponent(path))
    if (!existsSync(join(site, target)) || statSync(join(site, target)).isDirectory()) {
      problems.push(`${from}: ${link}`)
    } else if (anchor !== '' && pages.get(target)?.ids.has(decodeURIComponent(anchor)) === false) {
      problems.push(`${from}: ${link}, whose page has no such anchor`)
    }
  }
  for (const [path, { links }] of pages) for (const link of links) check(path, link)
  for (const link of linksOfScript(join(site, 'assets/navigation.js'))) check('index.html', link)
  for (const link of linksOfScript(join(site, 'assets/search.js'))) check('index.html', link)
  return problems
}

/** Navigation and search results are made in the browser, of compressed JSON. */
function linksOfScript(path: string): string[] {
  const [, data] = /"(.*)"/.exec(readFileSync(path, 'utf8')) ?? []
  const json = inflateSync(Buffer.from(data!, 'base64')).toString()
  const links: string[] = []
  JSON.parse(json, (key, value: unknown) => {
    if ((key === 'path' || key === 'url') && typeof value === 'string') links.push(value)
    return value
  })
  if (links.length === 0) throw new Error(`${relative('.', path)} has no links.`)
  return links
}
