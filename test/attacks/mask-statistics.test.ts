import type { Lanes, SuiteName, Vector } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import { copyVector, createVector, reduceInto, subtractInto, unpackVector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { suites } from '../crypto/providers.js'
import { toySplitter } from '../support/toy-crypto.js'
import { CURIOUS, openedRound } from './support.js'

/*
 * What leaves a client must look uniform whatever its input is. Keys are random, so a test could fail by chance; the
 * bounds are those of Hoeffding and Bernstein, which hold for every number of trials, and all tests of one run together
 * fail with a probability below 10^-9.
 */
const TESTS = 100_000
const LOGARITHM = Math.log((2 * TESTS) / 1e-9)

/** How far a count of fair coins may be from the mean (Hoeffding). */
const coinTolerance = (trials: number): number => Math.sqrt((trials * LOGARITHM) / 2)

/** How far a count of events of probability p may be from the mean (Bernstein). */
function eventTolerance(trials: number, p: number): number {
  const variance = trials * p * (1 - p)
  return LOGARITHM / 3 + Math.sqrt((LOGARITHM / 3) ** 2 + 2 * variance * LOGARITHM)
}

const LENGTH = 4096
const BITS = [1, 4, 7, 8, 13, 16, 20, 32, 33, 64]
const segments = BITS.map((bits) => ({ length: LENGTH, bits, bound: 'modular' as const }))

/** The elements as pairs of 32-bit words, the lower one first. */
function wordsOf(lanes: Lanes): Uint32Array {
  if (lanes instanceof BigUint64Array)
    return new Uint32Array(lanes.buffer, lanes.byteOffset, 2 * lanes.length)
  const words = new Uint32Array(2 * lanes.length)
  lanes.forEach((lane, i) => {
    words[2 * i] = lane
  })
  return words
}

/** `count` bits of every element, at most four of them, from bit `from` on. */
function cut(words: Uint32Array, from: number, count: number): Uint8Array {
  const values = new Uint8Array(words.length / 2)
  for (let i = 0; i < values.length; i++) {
    for (let bit = 0; bit < count; bit++) {
      const position = from + bit
      values[i]! |= ((words[2 * i + (position >>> 5)]! >>> (position & 31)) & 1) << bit
    }
  }
  return values
}

function expectUniform(vector: Vector, what: string): void {
  vector.forEach((lanes, index) => {
    const bits = BITS[index]!
    const name = `${what}, k = ${bits}`
    const words = wordsOf(lanes)
    for (let bit = 0; bit < bits; bit++) {
      const ones = cut(words, bit, 1).reduce((sum, value) => sum + value, 0)
      expect(Math.abs(ones - LENGTH / 2), `${name}, bit ${bit}`).toBeLessThan(coinTolerance(LENGTH))
    }
    // The four top bits and the four bottom bits: all sixteen values, 0 and the greatest among them.
    const width = Math.min(4, bits)
    for (const from of [0, bits - width]) {
      const counts = new Array<number>(2 ** width).fill(0)
      for (const value of cut(words, from, width)) counts[value]!++
      counts.forEach((count, value) => {
        const distance = Math.abs(count - LENGTH / 2 ** width)
        const tolerance = eventTolerance(LENGTH, 2 ** -width)
        expect(distance, `${name}, value ${value} at bit ${from}`).toBeLessThan(tolerance)
      })
    }
    // One mask for all elements, or a mask laid out as tiles, would show as a shift that agrees with itself.
    const top = cut(words, bits - 1, 1)
    for (const shift of [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 1024, 2048]) {
      const pairs = LENGTH - shift
      const agreeing = top.subarray(shift).filter((value, i) => value === top[i]).length
      expect(Math.abs(agreeing - pairs / 2), `${name}, shift ${shift}`).toBeLessThan(coinTolerance(pairs))
    }
  })
}

const inputs: Readonly<Record<string, () => Vector>> = {
  zeros: () => createVector(segments),
  'the greatest values': () =>
    createVector(segments).map((lanes, i) => filled(lanes, 2n ** BigInt(BITS[i]!) - 1n)),
}

function filled(lanes: Lanes, value: bigint): Lanes {
  return lanes instanceof BigUint64Array ? lanes.fill(value) : lanes.fill(Number(value))
}

const names = [...new Set(suites.map(({ name }) => name))] as SuiteName[]

describe.each(names)('masked vectors of a round with suite %s look uniform', (suite) => {
  test.each(Object.keys(inputs))('when the inputs are %s', async (kind) => {
    const crypto = await defaultCrypto(suite)
    const opened = await openedRound('masked-input', {
      ...CURIOUS,
      clients: 3,
      segments,
      suite,
      crypto,
      splitSecret: toySplitter(1),
      inputs: [0, 1, 2].map(() => inputs[kind]!()),
    })
    const masked: Vector[] = []
    for (const [seat, bytes] of opened.pending) {
      masked.push(unpackVector((await opened.sessions[seat]!.receive(bytes)).slice(2), segments))
    }
    masked.forEach((vector, seat) => {
      expectUniform(vector, `client ${seat}`)
      const next = (seat + 1) % 3
      const difference = copyVector(masked[next]!)
      subtractInto(difference, vector, segments)
      reduceInto(difference, segments)
      expectUniform(difference, `clients ${next} and ${seat}`)
    })
    expect(masked).toHaveLength(3)
  })
})
