import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const document = readFileSync(`${docs}threat-model.md`, 'utf8')
const links = [...document.matchAll(/\[([^\]]+)\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, text, path]) => ({
  text: text!,
  path: path!,
}))
const tests = links.filter(({ path }) => path.endsWith('.test.ts'))

/** The titles of tests and groups in a file, also without the model that stands in front. */
function titlesIn(path: string): ReadonlySet<string> {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(test|it|describe)\b/.test(node.expression.getText(source))) {
      const [title] = node.arguments
      if (title !== undefined && ts.isStringLiteralLike(title)) {
        titles.add(title.text)
        titles.add(title.text.replace(/^(NOT prevented, )?\$(model\.)?adversary: /, ''))
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}

test('the threat model links to files that are there', () => {
  expect(tests.length).toBeGreaterThan(60)
  for (const { path } of links) expect(existsSync(docs + path), path).toBe(true)
})

test('the tests that the threat model names have these titles, in those files', () => {
  const wrong = tests.filter(({ text, path }) => {
    if (text === `\`${path.split('/').at(-1)}\``) return false
    const quoted = /^"(.+)"$/.exec(text)?.[1]
    return quoted === undefined || !titlesIn(docs + path).has(quoted)
  })
  expect(wrong).toEqual([])
})

test('the threat model names every file with attacks', () => {
  const named = new Set(tests.map(({ path }) => path))
  const attacks = readdirSync(`${docs}../test/attacks`).filter((name) => name.endsWith('.test.ts'))
  expect(attacks.length).toBeGreaterThan(25)
  expect(attacks.filter((name) => !named.has(`../test/attacks/${name}`))).toEqual([])
})
