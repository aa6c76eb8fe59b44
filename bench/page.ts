import { defaultCrypto, type SymmetricSuite } from 'secagg/crypto'
import {
  createPlainAdder,
  createVector,
  executeMaskPlan,
  type MaskExecutor,
  type MaskPlan,
  type Vector,
} from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { type Candidate, type Limits, measure, type Result } from './measure.js'
import { packings } from './packing.js'

/** Few, so that a sample is short: other work on the machine then spoils some samples and not all. */
const TERMS = 4
const LENGTH = 2 ** 20
const PIECE_BYTES = 256 * 1024

/** For pools, whose calls take some tenths of a millisecond besides. */
const POOL_TERMS = 16

/** The limit: AES-128-CTR of WebCrypto alone, one piece after the other. */
async function rawKeystream(): Promise<Candidate> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CTR', false, ['encrypt'])
  const zeros = new Uint8Array(PIECE_BYTES)
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 }
  return {
    name: 'WebCrypto AES-128-CTR alone',
    units: TERMS * LENGTH,
    run: async () => {
      for (let done = 0; done < 4 * TERMS * LENGTH; done += PIECE_BYTES) {
        await crypto.subtle.encrypt(algorithm, key, zeros)
      }
    },
  }
}

function planOf(terms: number, { keyLength }: SymmetricSuite): MaskPlan {
  return Array.from({ length: terms }, (_, term) => ({
    seed: new Uint8Array(keyLength).fill(term),
    sign: term % 2 === 0 ? 1 : -1,
  }))
}

function maskPlan(name: string, suite: SymmetricSuite, bits: number, isPlain = false): Candidate {
  const terms = isPlain ? 1 : TERMS
  const segments = [{ length: LENGTH, bits }]
  const target = createVector(segments)
  const plan = planOf(terms, suite)
  const adder = isPlain ? createPlainAdder(PIECE_BYTES) : undefined
  return { name, units: terms * LENGTH, run: () => executeMaskPlan(target, segments, plan, suite, { adder }) }
}

async function measurePage(limits: Limits): Promise<Result[]> {
  const { aes } = (await defaultCrypto('aes')).suites
  const { chacha } = (await defaultCrypto('chacha')).suites
  if (aes === undefined || chacha === undefined) throw new Error('a suite is missing')
  const candidates = [
    await rawKeystream(),
    maskPlan('mask plan, AES, k = 32', aes, 32),
    maskPlan('mask plan, AES, k = 20', aes, 20),
    maskPlan('mask plan, ChaCha20, k = 32', chacha, 32),
    maskPlan('mask plan, ChaCha20, k = 20', chacha, 20),
    maskPlan('mask plan, ChaCha20, k = 32, no WebAssembly', chacha, 32, true),
  ]
  return measure(candidates, limits)
}

/** Folding and packing, which need no cryptography, beside the keystream of as many bytes. */
async function measurePackings(limits: Limits): Promise<Result[]> {
  const moved = packings().map((candidate) => ({ ...candidate, units: candidate.units * LENGTH }))
  return measure([await rawKeystream(), ...moved], limits)
}

/** One worker and two, on 32-bit elements in memory of their own and in shared memory. */
async function measurePools(limits: Limits): Promise<Result[]> {
  const suites = {
    ChaCha20: (await defaultCrypto('chacha')).suites.chacha!,
    AES: (await defaultCrypto('aes')).suites.aes!,
  }
  const segments = [{ length: LENGTH, bits: 32 }]
  const candidate = (
    name: string,
    execute: MaskExecutor,
    suite: SymmetricSuite,
    target: Vector,
  ): Candidate => {
    const plan = planOf(POOL_TERMS, suite)
    return { name, units: POOL_TERMS * LENGTH, run: () => execute(target, segments, plan, suite) }
  }
  const pools = await Promise.all([1, 2].map((workers) => createMaskPool({ workers })))
  const candidates = Object.entries(suites).flatMap(([name, suite]) =>
    pools.flatMap(({ execute, threads }) => {
      const shared = [new Uint32Array(new SharedArrayBuffer(4 * LENGTH))]
      return [
        candidate(`${name}, workers: ${threads}`, execute, suite, createVector(segments)),
        candidate(`${name}, workers: ${threads}, shared memory`, execute, suite, shared),
      ]
    }),
  )
  const results = await measure(candidates, limits)
  for (const pool of pools) await pool.close()
  return results
}

Object.assign(globalThis, { measurePackings, measurePage, measurePools })
