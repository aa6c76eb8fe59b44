import { usageError } from '../errors.js'

/** A definition that is none; its values are public, so the error shows the one that is at fault. */
export function invalid(message: string, got?: unknown): Error {
  return usageError('invalid-configuration', message, { got: shown(got) })
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: unknown, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > greatest) {
    throw invalid(`${name} must be a whole number from ${least} to ${greatest}`, value)
  }
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is one of `choices`. */
export function requireChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    throw invalid(`${name} must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`, value)
  }
}

/** What a message shows of something that should have been something else. */
export function shown(value: unknown): string | number | undefined {
  if (typeof value === 'number' || value === undefined) return value
  return typeof value === 'string' ? quoted(value) : typeof value
}

/** A name as it stands in a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}
