import { decodeOutcome, encodeUpdate, openRound, planRound, type RoundTask } from 'secagg/federated'
import {
  createManifest,
  flatten,
  manifestBytes,
  manifestOf,
  type TensorLike,
  unflatten,
} from 'secagg/tensors'
import { describe, expect, it, test } from 'vitest'
import { runFederated } from '../federated/support.js'
import { named } from '../support/seeded.js'

const task: Omit<RoundTask, 'tensors'> = {
  clients: 3,
  adversary: 'honest-but-curious',
  dropoutFraction: 0,
  corruptFraction: 0,
  clip: 4,
  bitsPerValue: 24,
}

/** Numbers and their bits, as NumPy and PyTorch print them. */
const HALVES = [
  ['float16', 1, 0x3c00],
  ['float16', -2, 0xc000],
  ['float16', 65504, 0x7bff],
  ['float16', 2 ** -14, 0x0400],
  ['float16', 2 ** -24, 0x0001],
  ['float16', 0.333251953125, 0x3555],
  ['float16', 0, 0],
  ['bfloat16', 1, 0x3f80],
  ['bfloat16', -2, 0xc000],
  ['bfloat16', 3.140625, 0x4049],
  ['bfloat16', 2 ** -133, 0x0001],
  ['bfloat16', 2 ** -126, 0x0080],
  ['bfloat16', 255 * 2 ** 120, 0x7f7f],
] as const

describe('tensors with 16 bits', () => {
  it.each(HALVES)('read and write %s %d', (dtype, value, bits) => {
    const tensor = { shape: [1], dtype, data: Uint16Array.of(bits) }
    const manifest = manifestOf({ tensor })
    expect(flatten({ tensor }, manifest)).toEqual(Float32Array.of(value))
    expect(unflatten<typeof dtype>(Float64Array.of(value), manifest).tensor).toEqual(tensor)
  })

  it.each(['float16', 'bfloat16'] as const)('come back bit by bit in %s', (dtype) => {
    const infinite = dtype === 'float16' ? 0x7c00 : 0x7f80
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
      (bits) => (bits & infinite) !== infinite,
    )
    const tensor = { shape: [data.length], dtype, data }
    const manifest = manifestOf({ tensor })
    const flat = flatten({ tensor }, manifest)
    expect(unflatten<typeof dtype>(flat, manifest).tensor!.data).toEqual(data)
    for (const bits of [infinite, infinite + 1, 0x8000 + infinite]) {
      const bad = { shape: [1], dtype, data: Uint16Array.of(bits) }
      expect(() => flatten({ bad }, createManifest({ bad: [1] }))).toThrow(
        expect.objectContaining({ code: 'input-out-of-range', message: expect.stringContaining('"bad"') }),
      )
    }
  })

  it('are rounded to the nearest number, half to even, and never to infinity', async () => {
    const cases = [
      ['float16', 1 + 2 ** -11, 0x3c00],
      ['float16', 1 + 3 * 2 ** -11, 0x3c02],
      ['float16', 1 + 2 ** -11 + 2 ** -40, 0x3c01],
      ['float16', 1.9999, 0x4000],
      ['float16', 2 ** -25, 0],
      ['float16', 3 * 2 ** -25, 2],
      ['float16', 65519, 0x7bff],
      ['float16', -1e9, 0xfbff],
      ['bfloat16', 1 + 2 ** -8, 0x3f80],
      ['bfloat16', 1 + 3 * 2 ** -8, 0x3f82],
      ['bfloat16', 3.4e38, 0x7f7f],
      ['bfloat16', -1e-45, 0x8000],
    ] as const
    for (const [dtype, value, bits] of cases) {
      await named(`${value} in ${dtype}`, () => {
        const manifest = createManifest({ a: { shape: [1], dtype } })
        expect(unflatten<typeof dtype>(Float64Array.of(value), manifest).a!.data).toEqual(
          Uint16Array.of(bits),
        )
      })
    }
  })

  it('can be a Float16Array, if the platform has it', () => {
    const Half = (globalThis as { Float16Array?: { of(...numbers: number[]): ArrayLike<number> } })
      .Float16Array
    const data = Half?.of(0.5, -3) ?? Uint16Array.of(0x3800, 0xc200)
    const tensor: TensorLike = { shape: [2], dtype: 'float16', data }
    const manifest = manifestOf({ tensor })
    expect(manifest.tensors[0]).toMatchObject({ dtype: 'float16' })
    const flat = flatten({ tensor }, manifest)
    expect(flat).toEqual(Float32Array.of(0.5, -3))
    expect(unflatten<'float16'>(flat, manifest).tensor!.data).toEqual(Uint16Array.of(0x3800, 0xc200))
  })

  it('of onnxruntime state their type, too', () => {
    const tensor = { dims: [2], type: 'float16', data: Uint16Array.of(0x3c00, 0xc000) }
    expect(flatten({ tensor }, manifestOf({ tensor }))).toEqual(Float32Array.of(1, -2))
  })
})

test('a manifest states types other than float32, and its bytes do not depend on them', () => {
  const manifest = createManifest({
    a: { shape: [2], dtype: 'bfloat16' },
    b: { shape: [1], dtype: 'float32' },
  })
  expect(manifest.tensors).toEqual([
    { name: 'a', shape: [2], offset: 0, dtype: 'bfloat16' },
    { name: 'b', shape: [1], offset: 2 },
  ])
  expect(manifestBytes(JSON.parse(JSON.stringify(manifest)))).toEqual(
    manifestBytes(createManifest({ a: [2], b: [1] })),
  )
  const forged = JSON.parse(JSON.stringify(manifest))
  forged.tensors[0].dtype = 'int8'
  expect(() => manifestBytes(forged)).toThrow('tensor "a" has type int8')
})

describe('a round', () => {
  const halves = { shape: [2], dtype: 'float16', data: Uint16Array.of(0x3c00, 0xb800) }
  const update = {
    single: { shape: [1], data: Float32Array.of(0.25) },
    double: { shape: [1], data: Float64Array.of(0.75) },
    halves,
    brain: { shape: [1], dtype: 'bfloat16', data: Uint16Array.of(0x4000) },
  }

  it('gives means in the types that came in', async () => {
    const plan = planRound({ ...task, tensors: update })
    expect(plan.task.tensors).toEqual({
      brain: { shape: [1], dtype: 'bfloat16' },
      double: { shape: [1], dtype: 'float64' },
      halves: { shape: [2], dtype: 'float16' },
      single: [1],
    })
    const sessionId = new Uint8Array(16)
    const { result, outcome } = await runFederated(plan, { sessionId, updates: [update, update, update] })
    const { brain, double, single, ...rest } = result!.tensors
    expect(single!.data).toBeInstanceOf(Float32Array)
    expect(single!.data[0]).toBeCloseTo(0.25, 5)
    expect(double!.data).toBeInstanceOf(Float64Array)
    expect(rest.halves).toEqual(halves)
    expect(brain).toEqual(update.brain)
    const typed = decodeOutcome<'float16'>(outcome!, openRound(plan, { sessionId })).tensors.halves!
    const bits: Uint16Array = typed.data
    expect(bits).toEqual(halves.data)
  })

  it('also accepts the same values in another type', () => {
    const plan = planRound({ ...task, tensors: { halves } })
    const round = openRound(plan, { sessionId: new Uint8Array(16) })
    const { clipping } = encodeUpdate({ halves: { shape: [2], data: [1, -0.5] } }, 1, round)
    expect(clipping).toMatchObject({ count: 0, largest: 1 })
  })
})

describe('tensors that have no mean are refused with their name and what to do', () => {
  const wrong = [
    [{ shape: [1], dtype: 'int32' }, 'leave it out of the update if it is a counter or a mask'],
    [
      { shape: [1], dtype: 'bool', data: Uint8Array.of(1) },
      'if it is a mask, otherwise convert it to float32',
    ],
    [{ shape: [1], dtype: 'string', data: ['a'] }, 'leave it out of the update'],
    [{ shape: [1], dtype: 'complex64', dataSync: () => Float32Array.of(1, 2) }, 'as two tensors'],
    [{ shape: [1], data: Uint16Array.of(1) }, "state dtype: 'float16' or 'bfloat16'"],
    [{ shape: [1], data: Int32Array.of(1) }, 'convert it to float32'],
    [{ shape: [1], dtype: 'float8', data: [1] }, 'convert it to float32'],
    [
      { dims: [1], type: 'int64', data: BigInt64Array.of(1n) },
      'leave it out of the update if it is a counter',
    ],
    [{ shape: [2, 1], fortranOrder: true, data: [1, 2] }, 'numpy.ascontiguousarray'],
    [{ shape: [2, 1], fortranOrder: true, dtype: 'float32' }, 'in column-major order'],
    [{ shape: [1], dtype: 'float32', read: () => 0 }, 'pass what its read() returns'],
  ] as const
  it.each(wrong)('%o', (tensor, remedy) => {
    const isRefused = expect.objectContaining({
      code: 'invalid-argument',
      fault: 'usage',
      message: expect.stringMatching(/tensor "steps"/),
    })
    const tensors = { steps: tensor } as unknown as Record<string, TensorLike>
    const plan = () => planRound({ ...task, tensors })
    // A variable of a layer is good enough for a plan, but not as a part of an update.
    const uses = 'read' in tensor ? [] : [plan]
    uses.push(
      () => flatten(tensors, createManifest({ steps: 'shape' in tensor ? tensor.shape : [1] })) as never,
    )
    for (const use of uses) {
      expect(use).toThrow(isRefused)
      expect(use).toThrow(remedy)
    }
  })
})
