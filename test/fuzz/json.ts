import type { Choices } from './choices.js'

const HUGE = 70_000

/** Values as JSON may have them, the extreme ones among them. */
const JSON_VALUES: readonly ((choices: Choices) => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -0,
  () => 1,
  () => -1,
  () => 0.5,
  () => 2 ** 31,
  () => 2 ** 32,
  () => 2 ** 36,
  () => 2 ** 53 - 1,
  () => 2 ** 53,
  () => 1e308,
  () => 5e-324,
  (choices) => choices.byte(),
  (choices) => choices.byte(),
  (choices) => choices.word(),
  (choices) => choices.byte() / 256,
  (choices) =>
    new DataView(new Uint8Array([...choices.bytes(8), 0, 0, 0, 0, 0, 0, 0, 0]).buffer).getFloat64(0),
  () => '',
  (choices) => String.fromCharCode(...choices.bytes(choices.below(12))),
  (choices) => String.fromCharCode(choices.word()),
  (choices) =>
    choices.pick([
      'modular',
      'active',
      'honest-but-curious',
      'complete',
      'sparse',
      'unproven',
      'aes',
      'chacha',
      'skellam',
      'discrete-gaussian',
      'stochastic',
      'nearest',
      'count',
      'sum',
      'mean',
      'variance',
      'histogram',
      'frequency',
      'contingency',
      'sketch',
      'refuse',
      '__proto__',
      'constructor',
    ]),
  () => [],
  () => ({}),
  () => [[]],
  (choices) => Array(choices.byte()).fill(choices.byte()),
  (choices) => Array(HUGE).fill(choices.byte()),
  (choices) => 'x'.repeat(HUGE + choices.byte()),
  (choices) => nested(choices.word()),
]

/** What a program may hand over besides. */
const OTHER_VALUES: readonly ((choices: Choices) => unknown)[] = [
  () => undefined,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.NEGATIVE_INFINITY,
  () => -1n,
  () => 0n,
  () => 1n << 64n,
  (choices) => BigInt(choices.word()),
  (choices) => Array(choices.byte()),
  () => Array(HUGE),
  (choices) => new Uint8Array(choices.byte()),
  (choices) => new Float64Array(choices.byte()),
  () => Symbol('seat'),
  () => () => 1,
  () => new Map([['a', 1]]),
  () => Object.create(null),
]

const KEYS = [
  '__proto__',
  'constructor',
  'length',
  'toJSON',
  'then',
  '0',
  'task',
  'privacy',
  'tensors',
  'graph',
]

/**
 * `base` with parts of it replaced, removed, copied elsewhere or added: as many as there are choices. With `program`, by
 * what no JSON holds as well.
 */
export function edited(base: unknown, choices: Choices, program: boolean): unknown {
  const values = program ? [...JSON_VALUES, ...OTHER_VALUES] : JSON_VALUES
  let whole = structuredClone(base)
  for (let edits = 0; !choices.done && edits < 8; edits++) {
    let place: Record<string, unknown> | undefined
    let key = ''
    let part = whole
    // Down to some depth: the whole is replaced once in a while.
    for (let depth = choices.below(6); depth > 0 && isContainer(part); depth--) {
      const keys = Object.keys(part)
      place = part
      const index = choices.below(keys.length + 1)
      // A list has elements, and JSON gives it nothing else.
      key = keys[index] ?? (Array.isArray(place) ? String(keys.length) : choices.pick(KEYS))
      // Not what is inherited, which belongs to all objects.
      part = Object.hasOwn(part, key) ? part[key] : undefined
    }
    if (place !== undefined && choices.below(8) === 0) {
      delete place[key]
      continue
    }
    const value = choices.below(8) === 0 ? structuredClone(base) : choices.pick(values)(choices)
    if (place === undefined) whole = value
    // A plain assignment would set a prototype.
    else Object.defineProperty(place, key, { value, writable: true, enumerable: true, configurable: true })
  }
  return whole
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** JSON of the bytes, one character each; `undefined` where they are none. */
export function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
