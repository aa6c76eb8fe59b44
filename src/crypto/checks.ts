import { usageError } from '../errors.js'

/** @throws {SecAggError} `invalid-argument` where `bytes` are not `length` bytes. */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw usageError('invalid-argument', `${what} takes ${length} bytes, not ${bytes.length}`, {
      expected: length,
      got: bytes.length,
    })
  }
}

/** @throws {SecAggError} `invalid-argument` where `value` is not an integer from `least` to `greatest`. */
export function requireInteger(what: string, value: number, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > greatest) {
    throw usageError('invalid-argument', `${what} is an integer from ${least} to ${greatest}, not ${value}`, {
      expected: `${least}..${greatest}`,
      got: value,
    })
  }
}

/** @throws {SecAggError} `invalid-argument` where HKDF cannot give `length` bytes under {@link HashSuite}. */
export function requireDerivedLength(length: number): void {
  requireInteger('the length of a derived key', length, 1, 64)
}
