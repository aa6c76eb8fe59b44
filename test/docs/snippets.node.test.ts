import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compilerProblems, root, runSnippet, type Snippet, SnippetFolder } from './programs.js'

const folder = new SnippetFolder('documents')
const documents = ['README.md', 'docs/guide.md']
const nameOf = (document: string): string => document.replace(/\W/g, '-').toLowerCase()

const snippets = documents.flatMap((document): Snippet[] =>
  [...readFileSync(root + document, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code], index) =>
    folder.snippet(`${nameOf(document)}-${index + 1}`, code!),
  ),
)

beforeAll(() => folder.write(snippets))
afterAll(() => folder.remove())

test('the guide has snippets', () => {
  const found = snippets.filter(({ name }) => name.startsWith(nameOf('docs/guide.md')))
  expect(found.length).toBeGreaterThanOrEqual(2)
})

test('the snippets of the documents type-check', () => {
  expect(compilerProblems(snippets)).toEqual([])
})

describe('the snippets of the documents run and print what they say', () => {
  test.each(snippets)('$name', async (snippet) => {
    const { printed, promised } = await runSnippet(snippet)
    expect(printed).toEqual(promised)
  })
})

test('code that a document quotes from a file is what stands in the file', () => {
  const quoted = documents.flatMap((document) => [
    ...readFileSync(root + document, 'utf8').matchAll(/^```ts (\S+)\n(.*?)^```$/gms),
  ])
  for (const [, path, code] of quoted) expect(code).toBe(readFileSync(root + path, 'utf8'))
})

test('the README states the sizes of bundles that the size budget checks', () => {
  const { 'size-limit': budgets } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    readonly 'size-limit': readonly { readonly name: string; readonly limit: string }[]
  }
  const rows = readFileSync(`${root}README.md`, 'utf8').matchAll(/^\| .* kB .*\|$/gm)
  const stated = [...rows].flatMap(([row]) => row.match(/[\d.]+ kB/g) ?? [])
  const checked = budgets.filter(({ name }) => name !== 'worker').map(({ limit }) => limit)
  expect(stated).toEqual(checked)
})
