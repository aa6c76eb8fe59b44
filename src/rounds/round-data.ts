import { partsOf, reading, wrongKind } from '../arguments.js'
import { type Bytes, bytesToHex, equalBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { checkVector, type ElementRange, type Vector } from '../vector/index.js'
import { requireLanes } from '../vector/lanes.js'

type Context = Readonly<Record<string, Uint8Array>>

/**
 * The context of a round that a host states, and what the library adds to it.
 *
 * @throws {SecAggError} `invalid-configuration` where `given` is not a plain object, or has a name that begins with
 *   "secagg".
 */
export function extendedContext(given: Context, added: Context): Context {
  return reading('a context', () => extended(given, added), 'invalid-configuration')
}

function extended(given: Context, added: Context): Context {
  // Copying another kind of object would lose what is in it, and with it what the clients are to agree on.
  const prototype = Object(given) === given ? Object.getPrototypeOf(given) : undefined
  if (prototype === undefined || (prototype !== null && Object.getPrototypeOf(prototype) !== null)) {
    throw usageError('invalid-configuration', 'context must be a plain object whose values are Uint8Arrays')
  }
  const taken = Object.keys(given).find((name) => name.startsWith('secagg'))
  if (taken !== undefined) {
    throw usageError('invalid-configuration', 'names of a context that begin with "secagg" are taken', {
      got: taken.slice(0, 100),
    })
  }
  return { ...given, ...added }
}

/**
 * Yields the part of a vector in `range`: all of it where vectors do not go in slices.
 * @public
 */
export type VectorSource = (range: ElementRange) => Vector | Promise<Vector>

/**
 * A vector that says which round it was made for: what encoders return and `ClientSession` takes. A session of another
 * round refuses it. Plain data that survives structured cloning, so it may be stored or come from a worker.
 * @public
 */
export interface RoundInput<V extends Vector | VectorSource = Vector> {
  /** `hash` of the configuration of that round. */
  readonly configHash: Bytes
  /** One array of lanes per segment, or a function that yields the part in a range. */
  readonly vector: V
}

/**
 * Marks a vector as made for one round. Encoders of this library do it themselves; this is for vectors that come from
 * elsewhere.
 *
 * @throws {SecAggError} `invalid-argument` where `config` was not made by `createRoundConfig`.
 * @public
 */
export function roundInput<V extends Vector | VectorSource>(config: RoundConfig, vector: V): RoundInput<V> {
  requireVectorOrSource(vector)
  return Object.freeze({ configHash: hashOf(config), vector })
}

/** @throws {SecAggError} `invalid-argument` for anything but a list of lanes, whatever fits in them, and a function. */
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
 * @throws {SecAggError} `configuration-mismatch` where it was made for another one.
 */
export function vectorFor<V extends Vector | VectorSource>(config: RoundConfig, input: RoundInput<V>): V {
  requireSameRound(config, input.configHash, 'the input was made for another round')
  return input.vector
}

/** A copy of the hash, which the caller may keep. */
export function hashOf(config: RoundConfig): Bytes {
  requireConfig(config)
  return new Uint8Array(config.hash)
}

/** @throws {SecAggError} `invalid-argument` where `hash` is missing, `configuration-mismatch` where it is another one. */
export function requireSameRound(config: RoundConfig, hash: unknown, what: string): void {
  const own = hashOf(config)
  if (!isBytes(hash)) {
    throw usageError('invalid-argument', 'what belongs to a round has its configHash, a Uint8Array', {
      got: typeof hash,
    })
  }
  if (hash.length === own.length && equalBytes(hash, own)) return
  throw usageError(
    'configuration-mismatch',
    `${what}: the hash of its configuration is not that of this one`,
    {
      expected: bytesToHex(own),
      got: bytesToHex(hash.subarray(0, own.length)),
    },
  )
}

/**
 * What the server's session gives in the end: the sum, who is in it, and of which round it is.
 * @public
 */
export interface FinishedRound {
  /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. */
  readonly sum: Vector
  /** `hash` of the round's configuration. */
  readonly configHash: Uint8Array
  readonly report: { readonly survivors: readonly number[] }
}

/**
 * The sum of a round, and the seats whose inputs are in it, ascending.
 * @public
 */
export interface RoundSum {
  readonly sum: Vector
  readonly survivors: readonly number[]
}

/**
 * The sum of the round of `config`, and nothing else: what every decoder starts with.
 *
 * @param outcome - What the last `closePhase` has returned.
 * @throws {SecAggError} `invalid-argument` where the round is not over, or sum or survivors do not fit the configuration;
 *   `configuration-mismatch` where the outcome is that of another round.
 * @public
 */
export function readOutcome(outcome: FinishedRound, config: RoundConfig): RoundSum {
  const { sum, configHash, report } = partsOf('the outcome of a round', outcome)
  if (sum === undefined) throw usageError('invalid-argument', 'the round is not over: there is no sum')
  requireSameRound(config, configHash, 'the outcome is that of another round')
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
