import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { CLIPS } from '../privacy/scaled-sum.js'
import type { TensorManifest } from '../tensors/index.js'
import { quoted, sizeOf } from '../tensors/tensor.js'
import { checkedPatterns, isWild, matching, requireFewComparisons, unused } from './patterns.js'

/**
 * A clip for each group of tensors. A key is a pattern for names of tensors: each `*` stands for any characters. The pattern
 * `*` alone is the default, for tensors that no other pattern matches. Every tensor must match exactly one of the others, or
 * the default.
 * @public
 */
export type ClipByGroup = Readonly<Record<string, number>>

/** The pattern of the default group. */
const DEFAULT = '*'

/**
 * Tensors that share a clip.
 * @public
 */
export interface GroupOfTensors {
  /** The pattern of the group. */
  readonly name: string
  readonly clip: number
  /** The number of tensors in the group. */
  readonly tensors: number
  /** The number of values in the group. */
  readonly values: number
}

/** Consecutive values of the flat array that belong to one group. */
export interface Span {
  readonly from: number
  readonly to: number
  /** The index of the group. */
  readonly group: number
  readonly clip: number
  /** The name of the tensor; absent if the task has a length. */
  readonly tensor?: string
}

/**
 * A checked copy of a clip by group, with sorted patterns.
 * @throws {SecAggError} `invalid-configuration` if a pattern or a clip is not valid.
 */
export function checkedClips(what: string, given: ClipByGroup): ClipByGroup {
  const clips = partsOf(what, given, 'invalid-configuration')
  const patterns = [...checkedPatterns(what, Object.keys(clips))].sort()
  return Object.fromEntries(
    patterns.map((pattern) => {
      const clip: unknown = clips[pattern]
      if (typeof clip === 'number' && clip >= CLIPS[0] && clip <= CLIPS[1]) return [pattern, clip]
      throw usageError(
        'invalid-configuration',
        `${quoted(pattern)} of ${what} must be a number from ${CLIPS.join(' to ')}`,
        {
          got: typeof clip === 'number' ? clip : typeof clip,
        },
      )
    }),
  )
}

/**
 * The groups of a clip, and the spans of the flat array that belong to them. A single clip is one group for all values.
 * @throws {SecAggError} `invalid-configuration` if a tensor matches no pattern or several, or a pattern matches no tensor.
 */
export function groupsOf(
  what: string,
  clip: number | ClipByGroup,
  manifest: TensorManifest | undefined,
  length: number,
): { readonly groups: readonly GroupOfTensors[]; readonly spans: readonly Span[] } {
  if (typeof clip !== 'number' && manifest === undefined) {
    throw usageError(
      'invalid-configuration',
      `${what} of a task with a length must be one number: only tensors have names`,
    )
  }
  if (manifest === undefined) {
    const group = { name: DEFAULT, clip: clip as number, tensors: 0, values: length }
    return { groups: [group], spans: [{ from: 0, to: length, group: 0, clip: clip as number }] }
  }
  const clips = typeof clip === 'number' ? { [DEFAULT]: clip } : clip
  const patterns = Object.keys(clips)
  const names = manifest.tensors.map(({ name }) => name)
  const groupOf = assigned(what, patterns, names)
  const spans = manifest.tensors.map(({ name, shape, offset }) => {
    const group = groupOf(name)
    const span = { from: offset, to: offset + sizeOf(shape), group, clip: clips[patterns[group]!]! }
    return { ...span, tensor: name }
  })
  const counts = patterns.map(() => ({ tensors: 0, values: 0 }))
  for (const { from, to, group } of spans) {
    counts[group]!.tensors++
    counts[group]!.values += to - from
  }
  const groups = patterns.map((name, group) => {
    if (counts[group]!.tensors === 0) throw unused(what, name, names)
    return { name, clip: clips[name]!, ...counts[group]! }
  })
  return { groups, spans }
}

/** A function that gives the index of the pattern of a tensor. */
function assigned(
  what: string,
  patterns: readonly string[],
  names: readonly string[],
): (name: string) => number {
  requireFewComparisons(names, patterns)
  const exact = new Map<string, number>()
  const wild: { readonly index: number; matches(name: string): boolean }[] = []
  for (const [index, pattern] of patterns.entries()) {
    if (pattern === DEFAULT) continue
    if (isWild(pattern)) wild.push({ index, matches: matching(pattern) })
    else exact.set(pattern, index)
  }
  const fallback = patterns.indexOf(DEFAULT)
  return (name) => {
    const found = wild.filter(({ matches }) => matches(name)).map(({ index }) => index)
    const own = exact.get(name)
    if (own !== undefined) found.push(own)
    if (found.length > 1) {
      const [one, other] = found.map((index) => quoted(patterns[index]!))
      throw usageError(
        'invalid-configuration',
        `tensor ${quoted(name)} matches both ${one} and ${other} of ${what}; it must match one of them only`,
      )
    }
    if (found.length === 1) return found[0]!
    if (fallback >= 0) return fallback
    throw usageError(
      'invalid-configuration',
      `tensor ${quoted(name)} matches no pattern of ${what}; add one, or a default with the pattern "*"`,
    )
  }
}
