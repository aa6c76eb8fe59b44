import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { joinedCode, type Piece } from './joined-code.js'
import { compilerProblems, root, runSnippet, type Snippet, SnippetFolder } from './programs.js'

const folder = new SnippetFolder('examples')

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(`${root}src/${path}`, 'utf8') }))

const EXAMPLE = /^ *\* @example\n(?: *\*.*\n)*? *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm

/** The code of every `@example` in the doc comments of the sources, and the function that it belongs to. */
const pieces = sources.flatMap(({ path, text }) =>
  [...text.matchAll(EXAMPLE)].map((match, index): Piece & { readonly snippet: string } => {
    const [, name = ''] = /^export (?:async )?function\*? ?(\w+)/m.exec(text.slice(match.index)) ?? []
    const [, party] = /^protocol\/(client|server)\//.exec(path) ?? []
    return {
      name: party === undefined ? name : `${party}.${name}`,
      code: match[1]!.replace(/^ *\* ?/gm, ''),
      snippet: `${path.replace(/\.ts$/, '').replace(/\W/g, '-')}-${index + 1}`,
    }
  }),
)

const examples = pieces.map((piece): Snippet => folder.snippet(piece.snippet, joinedCode(piece, pieces)))

beforeAll(() => folder.write(examples))
afterAll(() => folder.remove())

test('every @example is code that this test finds', () => {
  const marks = sources.flatMap(({ text }) => [...text.matchAll(/\* @example\b/g)])
  expect(examples).toHaveLength(marks.length)
})

test('the examples type-check', () => {
  expect(compilerProblems(examples)).toEqual([])
})

describe('the examples run and print what they say', () => {
  test.each(examples)('$name', async (example) => {
    const { printed, promised } = await runSnippet(example)
    expect(printed).toEqual(promised)
  })
})
