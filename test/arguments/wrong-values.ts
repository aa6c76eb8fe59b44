import { isPlain, Marked, type Marks } from './examples.js'

/** A value that no caller should pass, and its name in failures. */
export interface Wrong {
  readonly name: string
  readonly value: unknown
}

const trap = (): never => {
  throw new Error('a trap of the caller')
}

/** Values that cannot be read: a revoked proxy, or an object whose getters throw. */
const unreadable = (): object =>
  new Proxy({}, { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap })

export const WRONG_VALUES: readonly Wrong[] = [
  { name: 'undefined', value: undefined },
  { name: 'null', value: null },
  { name: 'true', value: true },
  { name: '7', value: 7 },
  { name: '-0.5', value: -0.5 },
  { name: 'NaN', value: Number.NaN },
  { name: '5n', value: 5n },
  { name: "''", value: '' },
  { name: "'deadbeef'", value: 'deadbeef' },
  { name: 'a symbol', value: Symbol('wrong') },
  { name: '{}', value: {} },
  { name: '[]', value: [] },
  { name: '[undefined]', value: [undefined] },
  { name: '[[]]', value: [[]] },
  { name: 'a function', value: () => undefined },
  { name: 'an Int8Array', value: new Int8Array(3) },
  { name: 'an object that throws when it is read', value: unreadable() },
]

/** Whether a function may accept `wrong` instead of `right`: it may be left out, or it has the same kind. */
export function mayBeTaken({ name, value: wrong }: Wrong, right: unknown, marks: Marks): boolean {
  if (marks.orElse === 'no pairs' && name === '[]') return true
  if (marks.orElse === 'anything' || marks.orElse === typeof wrong) return true
  if (marks.optional && (wrong === undefined || wrong === null)) return true
  if (name === 'an object that throws when it is read') return false
  if (isPlain(wrong) && kindOf(right) === 'object') return !marks.whole && !hasRequiredParts(right)
  if (kindOf(wrong) === 'array') return kindOf(right) === 'array' && name === '[]' && !marks.whole
  return kindOf(wrong) === kindOf(right)
}

function hasRequiredParts(right: unknown): boolean {
  if (!isPlain(right)) return true
  return Object.values(right).some((part) => !(part instanceof Marked && part.marks.optional))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value)
  return typeof value
}
