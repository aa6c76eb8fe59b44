import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import {
  addInto,
  createAccumulator,
  executeMaskPlan,
  expandMask,
  fingerprint,
  packVector,
  reduceInto,
  unpackVector,
  type Vector,
} from '../../src/vector/index.js'
import { chacha, seedOf, valuesOf } from './support.js'

const segments = [
  { length: 3, bits: 7 },
  { length: 2, bits: 13 },
  { length: 2, bits: 40 },
]

test("arrays from another realm and Node's Buffer are accepted as vectors", async () => {
  const [, shorts, longs] = runInNewContext(
    '[0, new Uint16Array([9, 10, 11]).subarray(1), new BigUint64Array([12n, 13n])]',
  ) as [0, Uint16Array, BigUint64Array]
  const vector: Vector = [Buffer.from([0, 1, 2, 3]).subarray(1), shorts, longs]
  const values = [
    [1n, 2n, 3n],
    [10n, 11n],
    [12n, 13n],
  ]
  const packed = Buffer.concat([Buffer.of(0), packVector(vector, segments)]).subarray(1)
  expect(valuesOf(unpackVector(packed, segments))).toEqual(values)
  addInto(vector, vector, segments)
  addInto(vector, unpackVector(packed, segments), segments)
  await executeMaskPlan(vector, segments, [{ seed: Buffer.from(seedOf(1)), sign: 1 }], chacha)
  await executeMaskPlan(vector, segments, [{ seed: seedOf(1), sign: -1 }], chacha)
  reduceInto(vector, segments)
  expect(valuesOf(vector)).toEqual(values.map((lanes) => lanes.map((value) => 3n * value)))
})

test("Node's Buffer and shared memory are accepted as packed vectors", () => {
  for (const length of [3, 2000]) {
    const single = [{ length, bits: 11 }]
    const vector = [Uint16Array.from({ length }, (_, i) => i % 1000)]
    const packed = packVector(vector, single)
    const shared = new Uint8Array(new SharedArrayBuffer(packed.length + 1), 1)
    shared.set(packed)
    const sum = createAccumulator(single)
    const added = [packed, Buffer.concat([Buffer.of(0), packed]).subarray(1), shared].map((bytes) =>
      sum.add(bytes),
    )
    for (const each of added) expect(each).toEqual(fingerprint(packed))
    expect(sum.toVector()).toEqual([vector[0]!.map((element) => (3 * element) % 2 ** 11)])
  }
})

test('a vector in shared memory can be masked', async () => {
  const shared = new Uint32Array(new SharedArrayBuffer(4000))
  const single = [{ length: 1000, bits: 32 }]
  await executeMaskPlan([shared], single, [{ seed: seedOf(1), sign: 1 }], chacha)
  expect(Array.from(shared)).toEqual(
    Array.from((await expandMask(chacha, seedOf(1), single))[0] as Uint32Array),
  )
})
