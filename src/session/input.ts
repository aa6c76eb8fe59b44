import { type Bytes, isBytes, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { isRoundInput, type RoundInput, type VectorSource, vectorFor } from '../rounds/index.js'
import {
  checkVector,
  type ElementRange,
  firstOutOfRange,
  type Lanes,
  segmentsInRange,
  type Vector,
} from '../vector/index.js'
import { cutSegments } from '../vector/segments.js'

/** A client's vector: one array of lanes per segment, or just the array where there is one segment. */
export type SessionInput = Lanes | Vector

/**
 * What a client sums: a vector, or a function that yields the part in `range`, which is all of it where vectors do not
 * go in slices. Either may say which round it was made for, as everything does that the encoders of this library return;
 * a session of another round then refuses it.
 */
export type InputSource =
  | SessionInput
  | RoundInput<Vector | VectorSource>
  | ((range: ElementRange) => SessionInput | RoundInput | Promise<SessionInput | RoundInput>)

/** What a function yields. */
type InputPart = SessionInput | RoundInput

/** What a transport hands over is bytes, of whatever realm; anything else is the host's mistake, and no peer's. */
export function requireBytes(message: unknown): Bytes {
  if (!isBytes(message)) throw usageError('invalid-argument', 'a message must be a Uint8Array')
  return plainBytes(message)
}

/**
 * Checks that a client's vector, or the part of it in `range`, fits the configuration.
 *
 * @throws {SecAggError} `invalid-argument` where arrays do not fit the segments, `input-out-of-range` naming segment
 *   and element where a value is at or above its bound. The value itself is not named.
 */
export function checkInput(vector: Vector, { segments }: RoundConfig, range: ElementRange): void {
  checkVector(vector, segmentsInRange(segments, range))
  const cuts = cutSegments(segments, range)
  segments.forEach(({ bits, bound }, index) => {
    const exclusive = bound === 'modular' ? 1n << BigInt(bits) : bound
    const position = firstOutOfRange(vector[index]!, exclusive)
    if (position >= 0) {
      const element = cuts[index]!.from + position
      throw usageError(
        'input-out-of-range',
        `element ${element} of segment ${index} is not below ${exclusive}`,
        {
          phase: 'masked-input',
          expected: `below ${exclusive}`,
        },
      )
    }
  })
}

/**
 * The arrays of an input, one per segment, or the function that yields them.
 * @throws {SecAggError} `configuration-mismatch` where the input was made for another round.
 */
export function sourceFor(
  config: RoundConfig,
  input: InputSource,
): Vector | Extract<InputSource, (range: ElementRange) => unknown> {
  const given = isRoundInput(input) ? vectorFor(config, input) : input
  return typeof given === 'function' ? given : arraysOf(config, given)
}

/** @throws {SecAggError} `configuration-mismatch` where the input was made for another round. */
export function arraysOf(config: RoundConfig, input: InputPart): Vector {
  if (isRoundInput(input)) return vectorFor(config, input)
  return ArrayBuffer.isView(input) ? [input] : input
}
