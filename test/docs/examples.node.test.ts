import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compilerProblems, root, runSnippet, type Snippet, SnippetFolder } from './programs.js'

const folder = new SnippetFolder('examples')

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
)

/** The code of every `@example` in the doc comments of the sources. */
const examples = sources.flatMap((path): Snippet[] => {
  const text = readFileSync(`${root}src/${path}`, 'utf8')
  const blocks = [...text.matchAll(/^ *\* @example\n((?: *\*.*\n)*?) *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm)]
  return blocks.map(([, , lines], index) => {
    const code = lines!.replace(/^ *\* ?/gm, '')
    return folder.snippet(`${path.replace(/\.ts$/, '').replace(/\W/g, '-')}-${index + 1}`, code)
  })
})

beforeAll(() => folder.write(examples))
afterAll(() => folder.remove())

test('every @example is code that this test finds', () => {
  const marks = sources.flatMap((path) => [
    ...readFileSync(`${root}src/${path}`, 'utf8').matchAll(/\* @example\b/g),
  ])
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
