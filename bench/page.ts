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
import { createKernelAdder } from '../src/vector/kernels/kernel-adder.js'
import { type Candidate, type Limits, measure, type Result } from './measure.js'
import { packings } from './packing.js'

/** Few, so that a sample is short: other work on the machine then spoils some samples and not all. */
const TERMS = 4
const LENGTH = 2 ** 20
const PIECE_BYTES = 256 * 1024

/** For pools, whose calls take some tenths of a millisecond besides. */
const POOL_TERMS = 16

/** The limit: AES-128-CTR of WebCrypto alone, in pieces of `bytes`, of which `ahead` are under way at a time. */
async function rawKeystream(terms: number, bytes = PIECE_BYTES, ahead = 1): Promise<Candidate> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CTR', false, ['encrypt'])
  const zeros = new Uint8Array(bytes)
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 }
  const size = `pieces of ${bytes / 1024} KiB`
  return {
    name: ahead === 1 ? `WebCrypto AES-128-CTR alone, ${size}` : `the same, ${size}, ${ahead} at a time`,
    units: terms * LENGTH,
    run: async () => {
      const pieces: Promise<ArrayBuffer>[] = []
      for (let begun = 0; begun < 4 * terms * LENGTH; begun += bytes) {
        if (pieces.length === ahead) await pieces.shift()
        pieces.push(crypto.subtle.encrypt(algorithm, key, zeros))
      }
      await Promise.all(pieces)
    },
  }
}

/** The limit for ChaCha20: a block of a sum to which the keystream is added while it is generated, again and again. */
function fusedChaCha(): Candidate {
  const length = 2 ** 17
  const adder = createKernelAdder(length)
  const seed = new Uint8Array(32)
  const runs = [{ from: 0, to: length, width: 4 }] as const
  return {
    name: 'ChaCha20 alone, fused with the addition',
    units: LENGTH,
    run: () => {
      for (let at = 0; at < 4 * LENGTH; at += length) adder?.addChaCha20?.(seed, at / 64, 1, runs)
    },
  }
}

function planOf(terms: number, { keyLength }: SymmetricSuite): MaskPlan {
  return Array.from({ length: terms }, (_, term) => ({
    seed: new Uint8Array(keyLength).fill(term),
    sign: term % 2 === 0 ? 1 : -1,
  }))
}

function maskPlan(
  name: string,
  suite: SymmetricSuite,
  bits: number,
  isPlain = false,
  terms: number = isPlain ? 1 : TERMS,
): Candidate {
  const segments = [{ length: LENGTH, bits }]
  const target = createVector(segments)
  const plan = planOf(terms, suite)
  const adder = isPlain ? createPlainAdder(PIECE_BYTES) : undefined
  return { name, units: terms * LENGTH, run: () => executeMaskPlan(target, segments, plan, suite, { adder }) }
}

async function suites(): Promise<{ readonly aes: SymmetricSuite; readonly chacha: SymmetricSuite }> {
  const { aes } = (await defaultCrypto('aes')).suites
  const { chacha } = (await defaultCrypto('chacha')).suites
  if (aes === undefined || chacha === undefined) throw new Error('a suite is missing')
  return { aes, chacha }
}

/** One mask, as a client adds it, and the two limits. */
async function measureMask(limits: Limits): Promise<Result[]> {
  const { aes, chacha } = await suites()
  return measure(
    [
      await rawKeystream(1),
      await rawKeystream(1, 2 ** 20),
      await rawKeystream(1, PIECE_BYTES, 4),
      fusedChaCha(),
      maskPlan('mask, AES, k = 32', aes, 32, false, 1),
      maskPlan('mask, ChaCha20, k = 32', chacha, 32, false, 1),
    ],
    limits,
  )
}

async function measurePage(limits: Limits): Promise<Result[]> {
  const { aes, chacha } = await suites()
  const candidates = [
    await rawKeystream(TERMS),
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
  return measure([await rawKeystream(TERMS), ...moved], limits)
}

/** One worker and two, on 32-bit elements in memory of their own and in shared memory. */
async function measurePools(limits: Limits): Promise<Result[]> {
  const { aes, chacha } = await suites()
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
  const candidates = Object.entries({ ChaCha20: chacha, AES: aes }).flatMap(([name, suite]) =>
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

const GROUPS = {
  mask: { title: 'one mask in a page', measure: measureMask },
  masks: { title: `${TERMS} masks in a page`, measure: measurePage },
  pools: { title: 'masks on pools of workers', measure: measurePools },
  packing: { title: 'folding and packing', measure: measurePackings },
} as const

/** Measures what the address of the page asks for, and posts each group of results to the server. */
async function main(): Promise<void> {
  const wanted = new URLSearchParams(location.search)
  const limits = { samples: Number(wanted.get('samples')), seconds: Number(wanted.get('seconds')) }
  for (const name of wanted.getAll('group') as (keyof typeof GROUPS)[]) {
    const { title, measure } = GROUPS[name]
    const results = await measure(limits)
    await fetch('results', { method: 'POST', body: JSON.stringify({ title, results }) })
  }
}

main().then(
  () => fetch('end', { method: 'POST' }),
  (error: unknown) => fetch('end', { method: 'POST', body: String(error) }),
)
