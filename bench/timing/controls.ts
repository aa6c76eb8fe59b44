import { nobleCrypto } from 'secagg/crypto'
import { equalBytes } from '../../src/crypto/bytes.js'
import { drawSecret } from '../../src/crypto/random.js'
import { type Operation, secretBuffer } from './harness.js'

const LENGTH = 32
const REPEATS = 20

/** Whether two arrays are equal, in a time that tells where they begin to differ. */
function leakyEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Compares with what is never equal, as a result may show in what is done with it: fixed is what differs at the end only.
 */
function comparison(
  name: string,
  classes: string,
  construction: string,
  equal: typeof equalBytes,
  isFixed: (fixed: boolean) => boolean,
): Operation {
  const reference = new Uint8Array(LENGTH).fill(0x5a)
  const nearly = reference.slice()
  nearly[LENGTH - 1] = 0xa5
  const guess = secretBuffer(nearly)
  return {
    name,
    classes,
    construction,
    prepare: (fixed) => guess.next(isFixed(fixed)),
    run: () => {
      let count = 0
      for (let i = 0; i < REPEATS; i++) if (equal(guess.bytes, reference)) count++
      return count
    },
  }
}

/** Must be found to leak, or the harness finds nothing. */
export const positiveControl: Operation = comparison(
  'comparison that ends at the first difference',
  'differs in the last byte, or at random',
  'no, deliberately',
  leakyEqual,
  (fixed) => fixed,
)

/** Must not be found to leak, or the harness finds anything: both classes are random. */
export const negativeControl: Operation = comparison(
  'the same, with identical classes',
  'none',
  'no, deliberately',
  leakyEqual,
  () => false,
)

/** A generator that gives what it is told to. */
function drawing(): Operation {
  const fixed = new Uint8Array(LENGTH)
  fixed[LENGTH - 1] = 1
  const drawn = secretBuffer(fixed)
  const crypto = { ...nobleCrypto(), randomBytes: () => drawn.bytes }
  return {
    name: 'drawSecret, 32 bytes, its test for all zeros',
    classes: 'zero but for the last byte, or random',
    construction: 'yes',
    prepare: drawn.next,
    run: () => {
      for (let i = 0; i < REPEATS; i++) drawSecret(crypto, LENGTH)
    },
  }
}

export const comparisons: readonly Operation[] = [
  comparison(
    'equalBytes, 32 bytes',
    'differs in the last byte, or at random',
    'yes',
    equalBytes,
    (fixed) => fixed,
  ),
  drawing(),
]
