import { type Bytes, equalBytes, isBytes, joinBytes, plainBytes, portionsOf } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import { usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { isRoundInput, type RoundInput, type VectorSource, vectorFor } from '../rounds/index.js'
import {
  checkVector,
  copyVector,
  type ElementRange,
  firstOutOfRange,
  type Lanes,
  segmentsInRange,
  type Vector,
  vectorInRange,
} from '../vector/index.js'
import { bytesOf, checkHost } from '../vector/lanes.js'
import { nextTurn } from '../vector/pace.js'
import { cutSegments, sliceCount, sliceRange } from '../vector/segments.js'

/**
 * A client's vector: one array of lanes per segment, or just the array where there is one segment.
 * @public
 */
export type SessionInput = Lanes | Vector

/**
 * What a client sums: a vector, or a function that yields the part in `range`, which is all of it where vectors do not
 * go in slices. Either may say which round it was made for, as everything does that the encoders of this library return;
 * a session of another round then refuses it.
 * @public
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

/** Bytes of a vector that are digested at once, after which the host's event loop gets a turn. */
const DIGESTED_AT_ONCE = 4 * 2 ** 20

/**
 * A client's vector slice by slice, each a private copy that fits the configuration. Once digested, it gives no other
 * elements than those, whatever the caller does to its arrays in the meantime.
 */
export class SlicedInput {
  readonly #config: RoundConfig
  readonly #source: ReturnType<typeof sourceFor>
  readonly #crypto: CryptoProvider
  readonly #key: Uint8Array
  readonly #digests: Uint8Array[] = []
  /** The first slice as it was digested: where there is one only, the vector is read and digested once. */
  #first: Vector | undefined

  /** Digests are made under `key`, so that they say nothing of the vector to anybody else. */
  constructor(config: RoundConfig, input: InputSource, crypto: CryptoProvider, key: Uint8Array) {
    this.#config = config
    this.#source = sourceFor(config, input)
    this.#crypto = crypto
    this.#key = key
  }

  /** The digest of the whole vector; reads it all. */
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
   * A slice, for the caller to change.
   * @throws {SecAggError} `input-changed` where it is not what was digested.
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
      throw usageError('input-changed', `slice ${slice} of the input is not what it was`, {
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

  /** Of the lanes and not of the packed vector, whose making would take as long again. */
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
