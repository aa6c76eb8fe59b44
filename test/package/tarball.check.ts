import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { installed, manifest } from './support.js'

const files = readdirSync(installed, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1))

test('it holds the license, documents, and modules with their declarations and maps, kernels, and nothing else', () => {
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
  const others = files.filter(
    (file) =>
      !/^dist\/.*(\.js|\.js\.map|\.d\.ts|kernels\.wasm)$|^docs\/([^/]*\.md|performance\/.*\.svg|playground\/screenshots\/.*\.png)$/.test(
        file,
      ),
  )
  expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
})

test('every module has a map that holds its sources', () => {
  const modules = files.filter((file) => file.endsWith('.js'))
  expect(modules.length).toBeGreaterThan(100)
  for (const module of modules) {
    const code = readFileSync(join(installed, module), 'utf8')
    const [, path] = /^\/\/# sourceMappingURL=(.*)$/m.exec(code) ?? []
    expect(path, module).toBe(`${module.split('/').at(-1)}.map`)
    const map = JSON.parse(readFileSync(join(installed, dirname(module), path!), 'utf8'))
    // One of types alone has no code.
    if (!code.startsWith('//#')) expect(map.sources.length, module).toBeGreaterThan(0)
    expect(map.sourcesContent?.length, module).toBe(map.sources.length)
    for (const content of map.sourcesContent) expect(content, module).toEqual(expect.any(String))
  }
})

test('everything that its manifest names is there', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  for (const path of [...targets, ...Object.values(manifest.bin)]) {
    expect(existsSync(join(installed, path)), path).toBe(true)
  }
})

/** Links within a document, without those to other sites and to its own headings. */
function linksOf(document: string): string[] {
  const markdown = readFileSync(join(installed, document), 'utf8').replace(/^```.*?^```/gms, '')
  return [...markdown.matchAll(/\]\(([^)\s]+)\)|<[^>]*\s(?:href|src|srcset)="([^"]+)"/g)]
    .map(([, link, ofTag]) => (link ?? ofTag!).split('#')[0]!)
    .filter((path) => path !== '' && !/^(https?|mailto):/.test(path))
    .map((path) => join(dirname(document), path))
}

test('the links of its README lead to documents in it', () => {
  const links = linksOf('README.md')
  expect(links).toContain('docs/guide.md')
  expect(links.filter((path) => !files.includes(path))).toEqual([])
})

test('its documents link to each other, and beyond that only to tests and programs, which stay in the repository', () => {
  const documents = files.filter((file) => file.startsWith('docs/') && file.endsWith('.md'))
  const missing = documents.flatMap(linksOf).filter((path) => !files.includes(path))
  expect(
    missing.filter((path) => !/^(?:findings|test|bench|src|docs\/(?:api|examples|playground))\b/.test(path)),
  ).toEqual([])
})
