/** What is known about one argument, or about a part of it, in addition to a right value. */
export interface Marks {
  /** It may be left out. */
  readonly optional?: boolean | undefined
  /** The library made it: it is replaced as a whole, but its parts are not. */
  readonly whole?: boolean | undefined
  /** Other kinds that are right, too. */
  readonly orElse?: 'function' | 'bigint' | 'no pairs' | 'anything' | undefined
  /** It came from a peer and can be anything. */
  readonly received?: boolean | undefined
  /** It came from a peer, so an error may blame the peer. */
  readonly said?: boolean | undefined
}

/** A right value, and what is known about it. */
export class Marked {
  readonly value: unknown
  readonly marks: Marks

  constructor(value: unknown, marks: Marks) {
    const inner = value instanceof Marked ? value : undefined
    this.value = inner === undefined ? value : inner.value
    this.marks = { ...inner?.marks, ...marks }
  }
}

// They have the type of the value that they mark, so that the compiler checks the examples.

export const optional = <T>(value: T): T => new Marked(value, { optional: true }) as T
export const orFunction = <T>(value: T): T => new Marked(value, { orElse: 'function' }) as T
export const orBigint = <T>(value: T): T => new Marked(value, { orElse: 'bigint' }) as T
export const orNoPairs = <T>(value: T): T => new Marked(value, { orElse: 'no pairs' }) as T
export const orAnything = <T>(value: T): T => new Marked(value, { orElse: 'anything' }) as T
export const received = <T>(value: T): T => new Marked(value, { received: true, said: true }) as T
export const whole = <T>(value: T): T => new Marked(value, { whole: true }) as T
export const said = <T>(value: T): T => new Marked(value, { said: true }) as T

/** An object of which only some parts are required. */
export function optionalBut<T extends object>(required: readonly (keyof T)[], value: T): T {
  const entries = Object.entries(value) as [keyof T, unknown][]
  return Object.fromEntries(
    entries.map(([key, part]) => [key, required.includes(key) ? part : optional(part)]),
  ) as T
}

/** A right call of one function. */
export interface Example {
  /** The object on which a method is called. */
  readonly on?: object
  readonly args: readonly unknown[]
}

/**
 * A right call of each public function, by its name: `f`, `namespace.f`, `Class`, `Class.static`, `Class#method`, and
 * `f().method` for a method of the result of `f`. It is created again for each attempt, so values that a call does not change
 * can be shared.
 */
export type Examples = Readonly<Record<string, () => Example | Promise<Example>>>

/** The value without marks. */
export function unmarked(value: unknown): unknown {
  if (value instanceof Marked) return value.marks.whole ? value.value : unmarked(value.value)
  if (Array.isArray(value)) return value.map(unmarked)
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unmarked(part)]))
}

/** Whether a value is a plain object, and not an array, a typed array or an object of a class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
