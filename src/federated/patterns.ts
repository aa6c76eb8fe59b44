import { reading } from '../arguments.js'
import { usageError } from '../errors.js'
import { quoted } from '../tensors/tensor.js'

/** The maximum number of patterns in one part of a task, and the maximum length of one. */
const MOST_PATTERNS = 4096
const LONGEST_PATTERN = 1000

/** The maximum of (number of patterns with a `*`) · (total length of all names), so that the task of a server cannot keep a client busy. */
const MOST_COMPARISONS = 2 ** 28

/**
 * Checks patterns from a caller or a server. A pattern is the name of a tensor in which each `*` stands for any characters,
 * also none.
 * @throws {SecAggError} `invalid-configuration` unless `given` is a list of different patterns of 1 to 1000 characters.
 */
export function checkedPatterns(what: string, given: unknown): readonly string[] {
  const list = reading(what, () => (Array.isArray(given) ? [...(given as unknown[])] : undefined))
  const isList = list?.every(
    (pattern) => typeof pattern === 'string' && pattern.length > 0 && pattern.length <= LONGEST_PATTERN,
  )
  if (list === undefined || !isList || list.length < 1 || list.length > MOST_PATTERNS) {
    throw usageError(
      'invalid-configuration',
      `${what} must have 1 to ${MOST_PATTERNS} patterns, each a string of 1 to ${LONGEST_PATTERN} characters`,
      { got: list === undefined ? typeof given : list.length },
    )
  }
  const patterns = list as string[]
  if (new Set(patterns).size < patterns.length) {
    throw usageError('invalid-configuration', `${what} has the same pattern twice`)
  }
  return patterns
}

/** Whether a pattern matches more than one name. */
export function isWild(pattern: string): boolean {
  return pattern.includes('*')
}

/**
 * Only patterns with a `*` are compared with all names.
 * @throws {SecAggError} `invalid-configuration` if that would take too long.
 */
export function requireFewComparisons(names: readonly string[], patterns: readonly string[]): void {
  const total = names.reduce((sum, name) => sum + name.length, 0)
  const compared = patterns.filter(isWild).length
  if (total * compared <= MOST_COMPARISONS) return
  throw usageError(
    'invalid-configuration',
    'there are too many patterns with an asterisk for so many names of tensors',
    {
      expected: `at most ${Math.floor(MOST_COMPARISONS / total)}`,
      got: compared,
    },
  )
}

/** A function that tells whether a name matches the pattern. */
export function matching(pattern: string): (name: string) => boolean {
  if (!isWild(pattern)) return (name) => name === pattern
  const parts = pattern.split('*')
  const first = parts[0]!
  const last = parts.at(-1)!
  const middle = parts.slice(1, -1)
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
      return false
    let at = first.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= name.length - last.length
  }
}

/**
 * The names that match any of the patterns.
 * @throws {SecAggError} `invalid-configuration` if a pattern matches no name.
 */
export function matchedBy(what: string, patterns: readonly string[], names: readonly string[]): Set<string> {
  requireFewComparisons(names, patterns)
  const known = new Set(names)
  const matched = new Set<string>()
  for (const pattern of patterns) {
    const exact = known.has(pattern) ? [pattern] : []
    const found = isWild(pattern) ? names.filter(matching(pattern)) : exact
    if (found.length === 0) throw unused(what, pattern, names)
    for (const name of found) matched.add(name)
  }
  return matched
}

/** The error for a pattern that matches no tensor. It shows some names, because most such patterns are misspelled. */
export function unused(what: string, pattern: string, names: readonly string[]): Error {
  const some = names.slice(0, 3).map(quoted).join(', ')
  return usageError(
    'invalid-configuration',
    `${quoted(pattern)} of ${what} matches no tensor; the tensors are ${some}${names.length > 3 ? ', …' : ''}`,
  )
}
