import { type SecAggError, usageError } from '../errors.js'

// What a client answers is its secret: these errors name the statistic and never the answer.

/** @throws {SecAggError} `invalid-argument` for anything but a number, `input-out-of-range` unless it is finite. */
export function requireFinite(answer: unknown, subject: string): number {
  if (typeof answer !== 'number') throw wrongType('a number', answer, subject)
  if (!Number.isFinite(answer)) throw outOfRange('is not finite', subject)
  return answer
}

/** @throws {SecAggError} `invalid-argument` for anything but a string. */
export function requireString(answer: unknown, subject: string): string {
  if (typeof answer !== 'string') throw wrongType('a string', answer, subject)
  return answer
}

export function wrongType(expected: string, answer: unknown, subject: string): SecAggError {
  return usageError('invalid-argument', `the answer to ${subject} must be ${expected}`, {
    expected,
    got: typeof answer,
  })
}

export function outOfRange(reason: string, subject: string): SecAggError {
  return usageError('input-out-of-range', `the answer to ${subject} ${reason}`)
}
