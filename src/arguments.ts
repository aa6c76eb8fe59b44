import { type ErrorCode, SecAggError, usageError } from './errors.js'

// What public functions ask of their arguments before anything else, so that a program without types, or with wrong ones,
// is told what it did wrong. No message shows a value, which may be a secret; numbers are the exception.

/** The kind of a value as a message names it; a number itself. */
export function described(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  const kind = kindOf(value)
  return kind === 'array' || kind === 'object' ? `an ${kind}` : `a ${kind}`
}

/** A number itself, or the kind of a value: for `got`. */
export function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : kindOf(value)
}

/** What `typeof` says, and which array it is. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value).slice(8, -1)
  return typeof value
}

/**
 * A copy of the parts of an object, each read once: a getter cannot give one value to a check and another to what
 * follows.
 *
 * @throws {SecAggError} `code` where `given` is no object, or cannot be read.
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
 * What `read` gives, which does nothing but look at an argument.
 * @throws {SecAggError} `code` where a getter of the caller's throws.
 */
export function reading<T>(what: string, read: () => T, code: ErrorCode = 'invalid-argument'): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SecAggError) throw cause
    throw usageError(code, `${what} could not be read`, { cause })
  }
}

/** Also what is inherited, as from a class or from an object of defaults; but for what every object inherits. */
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

/** @throws {SecAggError} `code` for anything but an object; an array, or memory, is none. */
export function requireObject(
  what: string,
  value: unknown,
  code: ErrorCode = 'invalid-argument',
): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value))
    return
  throw wrongKind(what, 'an object', value, code)
}

/** @throws {SecAggError} `invalid-argument` unless `value` has all of these methods; they may be inherited. */
export function requireMethods(what: string, value: unknown, ...names: readonly string[]): void {
  for (const name of names) {
    if (typeof partOf(what, value, name) === 'function') continue
    throw usageError('invalid-argument', `${what} must have a method ${name}`, { got: kindOf(value) })
  }
}

/** One part of an object, of a class or not. */
export function partOf(what: string, value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw wrongKind(what, 'an object', value)
  }
  return reading(`${name} of ${what}`, () => (value as Record<string, unknown>)[name])
}

/** @throws {SecAggError} `invalid-argument` for anything but a function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongKind(what, 'a function', value)
}

/** @throws {SecAggError} `invalid-argument` for anything but what `AbortSignal` was from its beginning. */
export function requireSignal(signal: unknown): void {
  if (signal === undefined) return
  requireMethods('a signal', signal, 'addEventListener')
}

/** @throws {SecAggError} `invalid-argument` for anything but a function, or nothing. */
export function requireCallback(what: string, value: unknown): void {
  if (value !== undefined) requireFunction(what, value)
}

/** @throws {SecAggError} `invalid-argument` for anything but an array. */
export function requireArray(what: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind(what, 'an array', value)
}

/** @throws {SecAggError} `code` where `value` is not a whole number from `minimum` to `maximum`. */
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

/** The error for a value of another kind than the one `expected`. */
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

// React Native's `AbortSignal`, and those of older polyfills and browsers, have `aborted` and `addEventListener` and no more.

/** Why a signal was aborted; where it does not say, an error with the name that browsers give theirs. */
export function reasonOf(signal: AbortSignal): unknown {
  if (signal.reason !== undefined) return signal.reason
  const error = new Error('the operation was aborted')
  error.name = 'AbortError'
  return error
}

/** @throws the signal's reason, where it was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal)
}
