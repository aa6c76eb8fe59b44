import { expect, test } from 'vitest'
import { publicNames } from './public-names.js'

const names = publicNames()

test('the public names are found', () => {
  expect(names.length).toBeGreaterThan(350)
  expect(names.filter(({ signature }) => signature !== undefined).length).toBeGreaterThan(100)
})

/** Functions and types that share a name on purpose, and why. */
const SHARED = [
  { names: ['AdvertiseKeys', 'advertiseKeys'], reason: 'a message has the name of the step that makes it' },
  { names: ['MessageLimits', 'messageLimits'], reason: 'a function has the name of what it returns' },
  { names: ['RoundInput', 'roundInput'], reason: 'a function has the name of what it returns' },
  { names: ['SecretSplitter', 'secretSplitter'], reason: 'a function has the name of what it returns' },
  { names: ['ShareKeys', 'shareKeys'], reason: 'a message has the name of the step that makes it' },
]

/** The name in lower case, without the endings of its words. */
function stemOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _]/)
  return words
    .map((word) =>
      word.replace(/(?:ations?|ings?|ed|ers?|es|s|e|y|ies|ion|ment)$/, '').replace(/(.)\1$/, '$1'),
    )
    .join(' ')
}

test('no two public names differ only by a tense, a suffix or upper case', () => {
  expect(stemOf('publishedKeys')).toBe(stemOf('publishKeys'))
  expect(stemOf('EncodedUpdate')).toBe(stemOf('encodeUpdates'))
  const alike = new Map<string, string[]>()
  for (const name of new Set(names.map(({ name }) => name))) {
    alike.set(stemOf(name), [...(alike.get(stemOf(name)) ?? []), name].sort())
  }
  const groups = [...alike.values()].filter((group) => group.length > 1)
  expect(groups.sort()).toEqual(SHARED.map(({ names }) => names))
})

const RELEASE_TAGS = ['public', 'experimental']

test('every public name has a summary and one release tag', () => {
  const incomplete = names.filter(({ summary, tags }) => {
    // Each overload of a function has one.
    const release = new Set(tags.map(({ name }) => name).filter((tag) => RELEASE_TAGS.includes(tag)))
    return summary === '' || release.size !== 1
  })
  expect(incomplete.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})

test('every public function documents its parameters and its result, and has an example', () => {
  const problems = names.flatMap(({ file, name, signature, tags }) => {
    if (signature === undefined) return []
    const has = (tag: string): boolean => tags.some(({ name, text }) => name === tag && text !== '')
    const documented = tags.filter((tag) => tag.name === 'param').map(({ text }) => text.split(/\s/)[0]!)
    // The compiler calls a parameter that is taken apart `__0`; its comment may use any name.
    const named = signature.parameters.filter((parameter) => !parameter.startsWith('__'))
    const missing = named
      .filter((parameter) => !documented.includes(parameter))
      .map((parameter) => `@param ${parameter}`)
    if (documented.length !== signature.parameters.length)
      missing.push(`${signature.parameters.length} times @param`)
    if (signature.returns && !has('returns')) missing.push('@returns')
    if (!has('example')) missing.push('@example')
    return missing.length === 0 ? [] : [`${file}: ${name} lacks ${missing.join(', ')}`]
  })
  expect(problems).toEqual([])
})
