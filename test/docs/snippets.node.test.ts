import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = `${root}test/docs/snippets/`

interface Snippet {
  readonly name: string
  readonly path: string
  readonly code: string
}

const documents = ['README.md', 'docs/guide.md']
const nameOf = (document: string): string => document.replace(/\W/g, '-').toLowerCase()

const snippets = documents.flatMap((document): Snippet[] =>
  [...readFileSync(root + document, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code], index) => {
    const name = `${nameOf(document)}-${index + 1}`
    return { name, path: `${folder}${name}.ts`, code: code! }
  }),
)

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const { path, code } of snippets) writeFileSync(path, `${code}\nexport {}\n`)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(documents)('%s has snippets', (document) => {
  const found = snippets.filter(({ name }) => name.startsWith(`${nameOf(document)}-`))
  expect(found.length).toBeGreaterThanOrEqual(2)
})

test('the snippets of the documents type-check', () => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(
    snippets.map(({ path }) => path),
    { ...options, skipLibCheck: true },
  )
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
  expect(problems).toEqual([])
})

describe('the snippets of the documents run and print what they say', () => {
  test.each(snippets)('$name', async ({ path, code }) => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
      printed.push(values.map((value) => inspect(value)).join(' '))
    })
    try {
      await import(/* @vite-ignore */ path)
    } finally {
      log.mockRestore()
    }
    const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output]) => output!)
    expect(printed).toEqual(promised)
  })
})
