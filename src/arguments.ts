import { type ErrorCode, SecAggError, usageError } from './errors.js'

// Public functions check their arguments first, so that a program without types, or with wrong types, gets a clear error.
// Messages do not show values, because a value can be a secret. Numbers are the exception.

/** A value as a message describes it: a number is shown, anything else is described by its kind. */
export function described(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  const kind = kindOf(value)
  return kind === 'array' || kind === 'object' ? `an ${kind}` : `a ${kind}`
}

/** A value for the `got` of an error: a number is shown, anything else is described by its kind. */
export function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : kindOf(value)
}

/** The result of `typeof`, except that `null`, arrays and views of memory have their own kinds. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value).slice(8, -1)
  return typeof value
}

/**
 * Copies the properties of an object and reads each one only once, so that a getter cannot return one value when it is
 * checked and another when it is used.
 *
 * @throws {SecAggError} `code` if `given` is not an object, or cannot be read.
 */
export function partsOf<T extends object>(
  what: string,
  given: T | undefined,
  code: ErrorCode = 'invalid-argument',
): T {
  requireObject(what, given, code)
  return reading(
    what,
    () => {
      const names = new Set(namesIn(given))
      return Object.fromEntries([...names].map((name) => [name, given[name as keyof T]])) as T
    },
    code,
  )
}

/**
 * Calls `read`, which only reads an argument, and returns its result.
 * @throws {SecAggError} `code` if a getter of the caller throws.
 */
export function reading<T>(what: string, read: () => T, code: ErrorCode = 'invalid-argument'): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SecAggError) throw cause
    throw usageError(code, `${what} could not be read`, { cause })
  }
}

/** The names of properties, including inherited ones (from a class or an object of defaults), but not `Object`'s own. */
function* namesIn(given: object): Generator<string, void, void> {
  for (let layer = given; ; ) {
    const above: object | null = Object.getPrototypeOf(layer)
    if (above === null && layer !== given) return
    for (const name of Object.getOwnPropertyNames(layer)) {
      if (layer === given || name !== 'constructor') yield name
    }
    if (above === null) return
    layer = above
  }
}

/** @throws {SecAggError} `code` unless `value` is an object. Arrays and views of memory are refused too. */
export function requireObject(
  what: string,
  value: unknown,
  code: ErrorCode = 'invalid-argument',
): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value))
    return
  throw wrongKind(what, 'an object', value, code)
}

/** @throws {SecAggError} `invalid-argument` unless `value` has all of these methods. They may be inherited. */
export function requireMethods(what: string, value: unknown, ...names: readonly string[]): void {
  for (const name of names) {
    if (typeof partOf(what, value, name) === 'function') continue
    throw usageError('invalid-argument', `${what} must have a method ${name}`, { got: kindOf(value) })
  }
}

/** Reads one property of an object or a class. */
export function partOf(what: string, value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw wrongKind(what, 'an object', value)
  }
  return reading(`${name} of ${what}`, () => (value as Record<string, unknown>)[name])
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongKind(what, 'a function', value)
}

/** @throws {SecAggError} `invalid-argument` unless `signal` is an `AbortSignal` or undefined. */
export function requireSignal(signal: unknown): void {
  if (signal === undefined) return
  requireMethods('a signal', signal, 'addEventListener')
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a function or undefined. */
export function requireCallback(what: string, value: unknown): void {
  if (value !== undefined) requireFunction(what, value)
}

/** @throws {SecAggError} `invalid-argument` unless `value` is an array. */
export function requireArray(what: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind(what, 'an array', value)
}

/** Far above the rounding errors of a few decimal fractions, and far below any difference that a caller could intend. */
export const ROUNDING = 1e-12

/** Whether a sum of decimal fractions is above `maximum`. As doubles, 0.34 and 0.56 add up to more than 0.9. */
export function isSumAbove(sum: number, maximum: number): boolean {
  return sum > maximum + ROUNDING
}

/** @throws {SecAggError} `code` unless `value` is a whole number from `minimum` to `maximum`. */
export function requireInteger(
  what: string,
  value: number,
  minimum: number,
  maximum: number,
  code: ErrorCode = 'invalid-argument',
): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return
  const text = `${what} must be a whole number from ${minimum} to ${maximum}, not ${described(value)}`
  throw usageError(code, text, { expected: `${minimum}..${maximum}`, got: shown(value) })
}

/** Makes the error for a value that is not of the `expected` kind. */
export function wrongKind(
  what: string,
  expected: string,
  value: unknown,
  code: ErrorCode = 'invalid-argument',
): Error {
  return usageError(code, `${what} must be ${expected}, not ${described(value)}`, {
    expected,
    got: shown(value),
  })
}

// The `AbortSignal` of React Native, of older browsers and of polyfills has only `aborted` and `addEventListener`.

/** The reason why a signal was aborted. If it has none, an error with the same name as in browsers. */
export function reasonOf(signal: AbortSignal): unknown {
  if (signal.reason !== undefined) return signal.reason
  const error = new Error('the operation was aborted')
  error.name = 'AbortError'
  return error
}

/** @throws the signal's reason if it was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal)
}

/**
 * Whether a value is still to come. Not by its class: a promise can be of another realm, or of a package that makes its own kind.
 * And async functions return promises of the language even where the host has replaced the global `Promise`, as zone.js does.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown } | undefined)?.then === 'function'
}
