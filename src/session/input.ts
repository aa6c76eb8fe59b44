import { type Bytes, equalBytes, isBytes, joinBytes, plainBytes, portionsOf } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import { usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { isRoundInput, type RoundInput, type VectorSource, vectorFor } from '../rounds/index.js'
import { checkVector, copyVector, firstOutOfRange, vectorInRange } from '../vector/arithmetic.js'
import { bytesOf, checkHost } from '../vector/lanes.js'
import { nextTurn } from '../vector/pace.js'
import {
  cutSegments,
  type ElementRange,
  type Lanes,
  segmentsInRange,
  sliceCount,
  sliceRange,
  type Vector,
} from '../vector/segments.js'

/**
 * A client's vector: one typed array per segment. If there is only one segment, the array itself also works.
 * @public
 */
export type SessionInput = Lanes | Vector

/**
 * A client's input: the vector, or a function that returns the elements in `range`. If vectors are not sent in slices, the
 * range is the whole vector. What the encoders of this library return is bound to one round: a session of another round
 * refuses it.
 * @public
 */
export type InputSource =
  | SessionInput
  | RoundInput<Vector | VectorSource>
  | ((range: ElementRange) => SessionInput | RoundInput | Promise<SessionInput | RoundInput>)

/** What such a function returns. */
type InputPart = SessionInput | RoundInput

/** Accepts bytes of any realm. Anything else is a mistake of the host, not of a peer. */
export function requireBytes(message: unknown): Bytes {
  if (!isBytes(message)) throw usageError('invalid-argument', 'a message must be a Uint8Array')
  return plainBytes(message)
}

/**
 * Checks that a client's vector, or the part of it in `range`, fits the configuration.
 *
 * @throws {SecAggError} `invalid-argument` if arrays do not fit the segments; `input-out-of-range` if a value is at or above
 *   its bound. The error names segment and element, but not the value, which is secret.
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
 * The arrays of an input, one per segment, or the function that returns them.
 * @throws {SecAggError} `configuration-mismatch` if the input was made for another round.
 */
export function sourceFor(
  config: RoundConfig,
  input: InputSource,
): Vector | Extract<InputSource, (range: ElementRange) => unknown> {
  const given = isRoundInput(input) ? vectorFor(config, input) : input
  return typeof given === 'function' ? given : arraysOf(config, given)
}

/** @throws {SecAggError} `configuration-mismatch` if the input was made for another round. */
export function arraysOf(config: RoundConfig, input: InputPart): Vector {
  if (isRoundInput(input)) return vectorFor(config, input)
  return ArrayBuffer.isView(input) ? [input] : input
}

/** How many bytes of a vector are digested before the host's event loop gets a turn. */
const DIGESTED_AT_ONCE = 4 * 2 ** 20

/**
 * A client's vector, slice by slice. Each slice is a private copy that fits the configuration. After `digest`, only the
 * elements that were digested are returned, even if the caller changes its arrays.
 */
export class SlicedInput {
  readonly #config: RoundConfig
  readonly #source: ReturnType<typeof sourceFor>
  readonly #crypto: CryptoProvider
  readonly #key: Uint8Array
  readonly #digests: Uint8Array[] = []
  /** The first slice as it was digested. If it is the only one, the vector is read and digested only once. */
  #first: Vector | undefined

  /** The digests are keyed with `key`, so that they reveal nothing about the vector to others. */
  constructor(config: RoundConfig, input: InputSource, crypto: CryptoProvider, key: Uint8Array) {
    this.#config = config
    this.#source = sourceFor(config, input)
    this.#crypto = crypto
    this.#key = key
  }

  /** Reads the whole vector and returns its digest. */
  async digest(): Promise<Uint8Array> {
    const { segments, sliceLength } = this.#config
    this.#digests.length = 0
    for (let slice = 0; slice < sliceCount(segments, sliceLength); slice++) {
      const { elements, digest } = await this.#read(slice)
      this.#digests.push(digest)
      if (slice === 0) this.#first = elements
    }
    return this.#crypto.sha256.hmac(this.#key, joinBytes(this.#digests))
  }

  /**
   * One slice, which the caller may change.
   * @throws {SecAggError} `input-changed` if it differs from what was digested.
   */
  async take(slice: number): Promise<Vector> {
    const first = this.#first
    if (slice === 0 && first !== undefined) {
      this.#first = undefined
      return first
    }
    const { elements, digest } = await this.#read(slice)
    const digested = this.#digests[slice]
    if (digested === undefined || !equalBytes(digest, digested)) {
      throw usageError('input-changed', `slice ${slice} of the input has changed`, {
        phase: 'masked-input',
      })
    }
    return elements
  }

  async #read(slice: number): Promise<{ elements: Vector; digest: Uint8Array }> {
    const { segments, sliceLength } = this.#config
    checkHost()
    const range = sliceRange(segments, sliceLength, slice)
    const part =
      typeof this.#source === 'function'
        ? arraysOf(this.#config, await this.#source(range))
        : vectorInRange(this.#source, segments, range)
    const shape = segmentsInRange(segments, range)
    checkVector(part, shape)
    const elements = copyVector(part)
    checkInput(elements, this.#config, range)
    return { elements, digest: await this.#digestOf(elements) }
  }

  /** Digests the lanes rather than the packed vector, because packing would take as long again. */
  async #digestOf(elements: Vector): Promise<Uint8Array> {
    const digests: Uint8Array[] = []
    let batch: Promise<Uint8Array>[] = []
    let batched = 0
    for (const lanes of elements) {
      for (const portion of portionsOf(bytesOf(lanes), DIGESTED_AT_ONCE)) {
        if (batched + portion.length > DIGESTED_AT_ONCE) {
          for (const digest of await Promise.all(batch)) digests.push(digest)
          batch = []
          batched = 0
          await nextTurn()
        }
        batch.push(this.#crypto.sha256.hmac(this.#key, portion))
        batched += portion.length
      }
    }
    for (const digest of await Promise.all(batch)) digests.push(digest)
    return joinBytes(digests)
  }
}
