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
