import { partsOf, reading, wrongKind } from '../arguments.js'
import { type Bytes, bytesToHex, equalBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { checkVector } from '../vector/arithmetic.js'
import { requireLanes } from '../vector/lanes.js'
import type { ElementRange, Vector } from '../vector/segments.js'

type Context = Readonly<Record<string, Uint8Array>>

/**
 * The context of a round: the entries of the host, and the entries that the library adds.
 *
 * @throws {SecAggError} `invalid-configuration` if `given` is not a plain object, or has a name that begins with "secagg".
 */
export function extendedContext(given: Context, added: Context): Context {
  return reading('a context', () => extended(given, added), 'invalid-configuration')
}

function extended(given: Context, added: Context): Context {
  // A copy of another kind of object, such as a Map, would be empty, and clients would not agree on its contents.
  const prototype = Object(given) === given ? Object.getPrototypeOf(given) : undefined
  if (prototype === undefined || (prototype !== null && Object.getPrototypeOf(prototype) !== null)) {
    throw usageError('invalid-configuration', 'context must be a plain object whose values are Uint8Arrays')
  }
  const taken = Object.keys(given).find((name) => name.startsWith('secagg'))
  if (taken !== undefined) {
    throw usageError('invalid-configuration', 'names in a context that begin with "secagg" are reserved', {
      got: taken.slice(0, 100),
    })
  }
  return { ...given, ...added }
}

/**
 * Returns the part of a vector in `range`. If the round does not send vectors in slices, that is the whole vector.
 * @public
 */
export type VectorSource = (range: ElementRange) => Vector | Promise<Vector>

/**
 * A vector and the round that it was made for. Encoders return it, and `ClientSession` accepts it; a session of another
 * round refuses it. It is plain data and can be cloned with `structuredClone`, so it can be stored or sent by a worker,
 * unless its vector is a function.
 * @public
 */
export interface RoundInput<V extends Vector | VectorSource = Vector> {
  /** The `hash` of the round's configuration. */
  readonly configHash: Bytes
  /** One array of lanes per segment, or a function that returns the part in a range. */
  readonly vector: V
}

/**
 * Marks a vector as made for one round. `encodeUpdate` and `encodeRecords` return marked vectors already; use this function
 * for all other vectors.
 *
 * @param config - The configuration of the round.
 * @param vector - One array of lanes per segment, or a function that returns the part in a range. Whether it fits the
 *   segments is checked when a session uses it.
 * @returns The vector together with the hash of `config`.
 * @throws {SecAggError} `invalid-argument` if `config` was not made by `createRoundConfig`, or if `vector` is neither a
 *   list of lanes nor a function.
 * @example
 * ```ts
 * import { createRoundConfig, roundInput } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(16),
 *   clients: 5,
 *   segments: [{ length: 3, bits: 16, bound: 1000 }],
 *   adversary: 'honest-but-curious',
 * })
 * const input = roundInput(config, [Uint16Array.of(12, 0, 999)])
 * console.log(input.configHash.length, String(input.configHash) === String(config.hash)) // 32 true
 * ```
 * @public
 */
export function roundInput<V extends Vector | VectorSource>(config: RoundConfig, vector: V): RoundInput<V> {
  requireVectorOrSource(vector)
  return Object.freeze({ configHash: hashOf(config), vector })
}

/** @throws {SecAggError} `invalid-argument` unless `input` is a list of lanes or a function. Lengths are not checked. */
export function requireVectorOrSource(input: unknown): void {
  if (typeof input === 'function') return
  if (!Array.isArray(input))
    throw wrongKind('an input', 'an array of lanes, a list of them or a function', input)
  for (let index = 0; index < input.length; index++)
    requireLanes(`segment ${index} of an input`, input[index])
}

/** Whether `input` is a {@link RoundInput}: neither an array, nor a list of arrays, nor a function. */
export function isRoundInput(input: unknown): input is RoundInput<Vector | VectorSource> {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && !ArrayBuffer.isView(input)
}

/**
 * The vector of an input that was made for this round.
 * @throws {SecAggError} `configuration-mismatch` if it was made for another round.
 */
export function vectorFor<V extends Vector | VectorSource>(config: RoundConfig, input: RoundInput<V>): V {
  requireSameRound(config, input.configHash, 'the input is for another round')
  return input.vector
}

/** A copy of the configuration's hash, which the caller may keep. */
export function hashOf(config: RoundConfig): Bytes {
  requireConfig(config)
  return new Uint8Array(config.hash)
}

/** @throws {SecAggError} `invalid-argument` if `hash` is not bytes; `configuration-mismatch` if it is another round's. */
export function requireSameRound(config: RoundConfig, hash: unknown, what: string): void {
  const own = hashOf(config)
  if (!isBytes(hash)) {
    throw usageError('invalid-argument', 'configHash of an input or outcome must be a Uint8Array', {
      got: typeof hash,
    })
  }
  if (hash.length === own.length && equalBytes(hash, own)) return
  throw usageError('configuration-mismatch', `${what}: its configuration has a different hash`, {
    expected: bytesToHex(own),
    got: bytesToHex(hash.subarray(0, own.length)),
  })
}

/**
 * The outcome of a finished round, as the server's session returns it: the sum, the survivors, and the round to which they
 * belong.
 * @public
 */
export interface FinishedRound {
  /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. */
  readonly sum: Vector
  /** The `hash` of the round's configuration. */
  readonly configHash: Uint8Array
  /** The part of the round's report that decoders need: the seats of the survivors, ascending. */
  readonly report: { readonly survivors: readonly number[] }
}

/**
 * The sum of a round, and the seats whose inputs are in it, ascending.
 * @public
 */
export interface RoundSum {
  /** One array of lanes per segment. */
  readonly sum: Vector
  readonly survivors: readonly number[]
}

/**
 * The sum and the survivors of a round, after checking that the outcome belongs to the round of `config`. The decoders of
 * this library start with it. Use it to decode a sum yourself.
 *
 * @param outcome - What the last `closePhase` of the server's session has returned.
 * @param config - The configuration of the round.
 * @returns The sum, which is not copied, and the seats whose inputs it contains.
 * @throws {SecAggError} `invalid-argument` if the round is not over, or if the sum or the survivors do not fit the
 *   configuration; `configuration-mismatch` if the outcome belongs to another round.
 * @example
 * ```ts
 * import { createRoundConfig, readOutcome } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(16),
 *   clients: 5,
 *   segments: [{ length: 3, bits: 16, bound: 1000 }],
 *   adversary: 'honest-but-curious',
 * })
 * // In a program, this is what the last `closePhase` of a ServerSession has returned.
 * const outcome = {
 *   sum: [Uint16Array.of(120, 7, 2000)],
 *   configHash: config.hash,
 *   report: { survivors: [0, 1, 3, 4] },
 * }
 * const { sum, survivors } = readOutcome(outcome, config)
 * console.log(sum[0], survivors.length) // Uint16Array(3) [ 120, 7, 2000 ] 4
 * ```
 * @public
 */
export function readOutcome(outcome: FinishedRound, config: RoundConfig): RoundSum {
  const { sum, configHash, report } = partsOf('the outcome of a round', outcome)
  if (sum === undefined) throw usageError('invalid-argument', 'the round is not over: there is no sum')
  requireSameRound(config, configHash, 'the outcome belongs to another round')
  checkVector(sum, config.segments)
  return {
    sum,
    survivors: survivorsIn(
      reading('the report of a round', () => report?.survivors),
      config,
    ),
  }
}

function survivorsIn(given: unknown, { clients, minimumCohort }: RoundConfig): readonly number[] {
  const survivors: unknown[] = Array.isArray(given) ? [...given] : []
  let last = -1
  const areSeats = survivors.every((seat) => {
    if (typeof seat !== 'number' || !Number.isSafeInteger(seat) || seat <= last || seat >= clients)
      return false
    last = seat
    return true
  })
  if (areSeats && survivors.length >= minimumCohort) return Object.freeze(survivors as number[])
  throw usageError(
    'invalid-argument',
    `the survivors of the round must be ${minimumCohort} to ${clients} seats in ascending order`,
    { expected: `${minimumCohort} to ${clients}`, got: survivors.length },
  )
}
