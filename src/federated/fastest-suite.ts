import { defaultCrypto } from '../crypto/default.js'
import type { SuiteName } from '../crypto/provider.js'
import { executeMaskPlan } from '../vector/mask.js'

/** The elements of the mask that is timed, 256 KiB. */
const LENGTH = 2 ** 16

/** How often each suite is timed, for at least how many milliseconds, and with at most how many masks. */
const SAMPLES = 4
const SAMPLE_MILLISECONDS = 4
const SAMPLE_MASKS = 32

/**
 * The suites are timed by turns until this many milliseconds have passed, or {@link SAMPLES} are there. Engines without native
 * cryptography take longer than this for one mask.
 */
const MOST_MILLISECONDS = 60

/** How much faster `chacha` has to be, so that chance does not decide between suites that are about equally fast. */
const CLEARLY = 1.1

let known: Promise<SuiteName> | undefined

/**
 * The suite with which this platform makes masks faster, on the calling thread. In Firefox, for example, ChaCha20 in WebAssembly
 * takes less than half the time of AES in WebCrypto, and in Node it is the other way around.
 *
 * Measuring takes 30 to 100 milliseconds, and longer in engines without native cryptography. The result is kept: later calls
 * return the same answer immediately. A client tells the answer to the server, which passes the answers of all clients to
 * `planRound` as `suites`.
 *
 * @returns The faster suite; `aes` if both are about equally fast, or if the platform has no clock that runs during work.
 * @throws {SecAggError} `no-randomness`, `crypto-failure` if the platform's cryptography fails.
 * @example
 * ```ts
 * import { fastestSuite } from 'secagg/federated'
 *
 * const suite = await fastestSuite()
 * console.log(suite === 'aes' || suite === 'chacha') // true
 * ```
 * @experimental
 */
export function fastestSuite(): Promise<SuiteName> {
  known ??= measuredSuite()
  return known
}

async function measuredSuite(): Promise<SuiteName> {
  const clock = (globalThis as { performance?: { now(): number } }).performance ?? Date
  const [aes, chacha] = [await maskOnce('aes'), await maskOnce('chacha')]
  // Engines compile in the first calls.
  await aes()
  await chacha()
  let [ofAes, ofChacha] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const start = clock.now()
  for (let sample = 0; sample < SAMPLES && clock.now() - start < MOST_MILLISECONDS; sample++) {
    ofAes = Math.min(ofAes, await timeOf(aes, clock))
    ofChacha = Math.min(ofChacha, await timeOf(chacha, clock))
  }
  return ofChacha * CLEARLY < ofAes ? 'chacha' : 'aes'
}

async function maskOnce(name: SuiteName): Promise<() => Promise<void>> {
  const suite = (await defaultCrypto(name)).suites[name]!
  const segments = [{ length: LENGTH, bits: 32 }]
  const plan = [{ seed: new Uint8Array(suite.keyLength), sign: 1 }] as const
  const target = [new Uint32Array(LENGTH)]
  return () => executeMaskPlan(target, segments, plan, suite)
}

/** The time of a mask, in milliseconds; 0 if the clock stands still. Clocks of browsers have steps of up to a millisecond. */
async function timeOf(mask: () => Promise<void>, clock: { now(): number }): Promise<number> {
  const start = clock.now()
  let passed = 0
  let count = 0
  while (passed < SAMPLE_MILLISECONDS && count < SAMPLE_MASKS) {
    await mask()
    count++
    passed = clock.now() - start
  }
  return passed / count
}

/** The suite that most of `answers` name; `aes` if neither has more. */
export function suiteOfMost(answers: readonly SuiteName[]): SuiteName {
  const votes = answers.filter((answer) => answer === 'chacha').length
  return 2 * votes > answers.length ? 'chacha' : 'aes'
}
