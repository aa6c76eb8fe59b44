import {
  createManifest,
  flatten,
  manifestBytes,
  manifestOf,
  type Named,
  type TensorLike,
  type TensorManifest,
  unflatten,
} from 'secagg/tensors'
import { describe, expect, it, test } from 'vitest'
import { named } from '../support/seeded.js'

const model = {
  'hidden/kernel': { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  'hidden/bias': { shape: [3], data: Float32Array.of(7, 8, 9) },
  scale: { shape: [], data: Float32Array.of(10) },
  empty: { shape: [0, 4], data: new Float32Array(0) },
}

/** A manifest as a peer could have written it. */
interface Forged {
  tensors: { name?: string; shape?: number[]; offset: number }[]
  length?: number
}

const refusal = (code: string, message: string) =>
  expect.objectContaining({
    name: 'SecAggError',
    code,
    fault: 'usage',
    message: expect.stringContaining(message),
  })

describe('a manifest', () => {
  it('orders the tensors by name, in whichever order they are given', () => {
    const manifest = manifestOf(model)
    expect(manifest).toEqual({
      tensors: [
        { name: 'empty', shape: [0, 4], offset: 0 },
        { name: 'hidden/bias', shape: [3], offset: 0 },
        { name: 'hidden/kernel', shape: [2, 3], offset: 3 },
        { name: 'scale', shape: [], offset: 9 },
      ],
      length: 10,
    })
    const entries = Object.entries(model)
    expect(manifestOf(Object.fromEntries([...entries].reverse()))).toEqual(manifest)
    expect(manifestOf(new Map<string, TensorLike>(entries))).toEqual(manifest)
    expect(createManifest(entries.map(([name, { shape }]) => [name, shape] as const))).toEqual(manifest)
  })

  it('compares names by code units, not by the rules of a language', () => {
    const names = ['b', 'B', 'é', 'e', '10', '9', '\u{1f600}', '\uffee']
    const { tensors } = createManifest(Object.fromEntries(names.map((name) => [name, [1]])))
    expect(tensors.map(({ name }) => name)).toEqual(['10', '9', 'B', 'b', 'e', 'é', '\u{1f600}', '\uffee'])
  })

  it('is frozen, copies the shapes, and can be sent as JSON', () => {
    const shape = [2]
    const manifest = createManifest({ a: shape })
    shape[0] = 3
    expect(manifest.tensors[0]!.shape).toEqual([2])
    expect(
      [manifest, manifest.tensors, manifest.tensors[0], manifest.tensors[0]!.shape].every(Object.isFrozen),
    ).toBe(true)
    const travelled: TensorManifest = JSON.parse(JSON.stringify(manifest))
    expect(manifestBytes(travelled)).toEqual(manifestBytes(manifest))
    expect(unflatten(Float32Array.of(1, 2), travelled)).toEqual({
      a: { shape: [2], data: Float32Array.of(1, 2) },
    })
  })

  it('from a peer is accepted only if createManifest would give the same', async () => {
    const good = JSON.stringify(manifestOf(model))
    const changes: Readonly<Record<string, (manifest: Forged) => void>> = {
      'an order of its own': ({ tensors }) => tensors.reverse(),
      'a gap': ({ tensors }) => tensors[2]!.offset++,
      'an overlap': ({ tensors }) => tensors[3]!.offset--,
      'a length too many': (manifest) => {
        manifest.length = 11
      },
      'no length': (manifest) => delete manifest.length,
      'a name twice': ({ tensors }) => {
        tensors[1]!.name = 'empty'
      },
      'a name missing': ({ tensors }) => delete tensors[1]!.name,
      'a shape missing': ({ tensors }) => delete tensors[1]!.shape,
      'a hole': ({ tensors }) => delete tensors[1],
      'no tensors': (manifest) => {
        manifest.tensors = {} as []
      },
    }
    for (const [change, apply] of Object.entries(changes)) {
      await named(change, () => {
        const manifest = JSON.parse(good)
        apply(manifest)
        for (const use of [
          () => manifestBytes(manifest),
          () => flatten(model, manifest),
          () => unflatten(new Float32Array(10), manifest),
        ]) {
          expect(use).toThrow(refusal('invalid-argument', ''))
        }
      })
    }
    const swapped = createManifest({ a: [1], b: [1] }).tensors.map(({ offset }) => ({
      name: offset === 0 ? 'b' : 'a',
      shape: [1],
      offset,
    }))
    expect(() => manifestBytes({ tensors: swapped, length: 2 })).toThrow(
      refusal('invalid-argument', 'by name'),
    )
    expect(() => manifestBytes(undefined as unknown as TensorManifest)).toThrow(
      refusal('invalid-argument', 'a manifest must be an object'),
    )
  })
})

test('the bytes of two manifests are equal only if the manifests are', () => {
  const shapes: Named<readonly number[]>[] = [
    {},
    { a: [] },
    { a: [1] },
    { a: [1, 1] },
    { a: [0] },
    { b: [1] },
    { a: [1], b: [1] },
    { ab: [1] },
    { a: [2, 3] },
    { a: [3, 2] },
    { a: [6] },
    { a: [2 ** 32] },
    // Equal in UTF-8, in which an unpaired surrogate becomes a replacement character.
    { '\ud800': [1] },
    { '\udc00': [1] },
    { '\ufffd': [1] },
  ]
  const bytes = shapes.map((each) => String(manifestBytes(createManifest(each))))
  expect(new Set(bytes).size).toBe(shapes.length)
  expect(manifestBytes(createManifest(new Map(Object.entries({ b: [1], a: [] }))))).toEqual(
    manifestBytes(createManifest({ a: [], b: [1] })),
  )
})

describe('flattening', () => {
  const manifest = manifestOf(model)

  it('concatenates the tensors, and unflattening restores them', () => {
    const flat = flatten(model, manifest)
    expect(flat).toEqual(Float32Array.of(7, 8, 9, 1, 2, 3, 4, 5, 6, 10))
    const back = unflatten(flat, manifest)
    expect(back).toEqual(model)
    flat.fill(0)
    expect(back).toEqual(model)
  })

  it('keeps doubles; unflattening gives each tensor its type, which is single precision by default', () => {
    const doubles = { a: { shape: [1], data: Float64Array.of(0.1) }, b: { shape: [2], data: [0.2, 0.3] } }
    const layout = manifestOf(doubles)
    const flat = flatten(doubles, layout)
    expect(flat).toEqual(Float64Array.of(0.1, 0.2, 0.3))
    expect(unflatten<'float32' | 'float64'>(flat, layout)).toEqual({
      a: { shape: [1], dtype: 'float64', data: Float64Array.of(0.1) },
      b: { shape: [2], data: Float32Array.of(0.2, 0.3) },
    })
  })

  it('refuses missing and unknown tensors, and names them', () => {
    const { scale, ...rest } = model
    expect(() => flatten(rest, manifest)).toThrow(
      refusal('invalid-argument', 'tensor "scale" of the manifest is missing'),
    )
    expect(() => flatten({ ...model, gamma: scale }, manifest)).toThrow(
      refusal('invalid-argument', 'tensor "gamma" is not in the manifest'),
    )
    expect(() => flatten({ ...rest, Scale: scale }, manifest)).toThrow(refusal('invalid-argument', '"scale"'))
    expect(() =>
      flatten(
        [
          ['scale', scale],
          ['scale', scale],
        ],
        manifest,
      ),
    ).toThrow(refusal('invalid-argument', 'two tensors have the name "scale"'))
  })

  it('broadcasts nothing and reshapes nothing', async () => {
    const wrong: readonly (readonly [string, readonly number[], readonly number[]])[] = [
      ['hidden/bias', [1], [3]],
      ['hidden/bias', [3, 1], [3]],
      ['hidden/bias', [1, 3], [3]],
      ['hidden/kernel', [3, 2], [2, 3]],
      ['hidden/kernel', [6], [2, 3]],
      ['scale', [1], []],
      ['empty', [4, 0], [0, 4]],
    ]
    for (const [name, shape, expected] of wrong) {
      await named(`${name} as [${shape}]`, () => {
        const data = new Float32Array(shape.reduce((size, dimension) => size * dimension, 1))
        expect(() => flatten({ ...model, [name]: { shape, data } }, manifest)).toThrow(
          refusal(
            'invalid-argument',
            `tensor "${name}" has shape [${shape.join(', ')}], not [${expected.join(', ')}]`,
          ),
        )
      })
    }
  })

  it('refuses data whose length does not match the shape', () => {
    for (const length of [0, 2, 4]) {
      const bias = { shape: [3], data: new Float32Array(length) }
      for (const use of [
        () => flatten({ ...model, 'hidden/bias': bias }, manifest),
        () => manifestOf({ bias }),
      ]) {
        expect(use).toThrow(expect.objectContaining({ code: 'invalid-argument', expected: 3, got: length }))
      }
    }
  })

  it('refuses NaN and infinities, and names tensor and element', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const diverged = {
        ...model,
        'hidden/kernel': { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, value, 6) },
      }
      expect(() => flatten(diverged, manifest)).toThrow(
        refusal('input-out-of-range', `element 4 of tensor "hidden/kernel" is ${value}`),
      )
      expect(() => flatten({ a: { shape: [2], data: [0, value] } }, createManifest({ a: [2] }))).toThrow(
        refusal('input-out-of-range', `element 1 of tensor "a" is ${value}`),
      )
    }
  })

  it('refuses data other than real numbers, such as integers or the bits of half floats', () => {
    const wrong = [
      Int32Array.of(1),
      Uint16Array.of(1),
      BigInt64Array.of(1n),
      'a',
      ['1'],
      [1n],
      [undefined],
      new Array(1),
    ]
    for (const data of wrong) {
      expect(() => flatten({ a: { shape: [1], data } }, createManifest({ a: [1] }))).toThrow(
        refusal('invalid-argument', 'tensor "a"'),
      )
    }
    for (const tensor of [undefined, null, 7, {}, { shape: [1] }, { data: [1] }, { shape: 1, data: [1] }]) {
      expect(() => manifestOf({ a: tensor as TensorLike })).toThrow(refusal('invalid-argument', 'tensor "a"'))
    }
  })

  it("is undone only for a flat array of the manifest's length", () => {
    for (const flat of [
      new Float32Array(9),
      new Float64Array(11),
      new Int32Array(10),
      new Array(10).fill(0),
      undefined,
    ]) {
      expect(() => unflatten(flat as Float32Array, manifest)).toThrow(
        refusal('invalid-argument', 'a Float32Array or Float64Array of 10 elements'),
      )
    }
  })
})

describe('a name', () => {
  it('can be that of a property that every object has', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
    const tensors = new Map(names.map((name, index) => [name, { shape: [1], data: [index] }]))
    const manifest = manifestOf(tensors)
    const record = JSON.parse(`{${names.map((name) => `"${name}": {"shape": [1], "data": [1]}`).join(', ')}}`)
    expect(manifestOf(record)).toEqual(manifest)

    const back = unflatten(flatten(tensors, manifest), manifest)
    const expected = names.map((name, index) => [name, { shape: [1], data: Float32Array.of(index) }] as const)
    expect(new Map(Object.entries(back))).toEqual(new Map(expected))
    expect(unflatten(new Float32Array(0), createManifest({})).constructor).toBeUndefined()
    expect('shape' in {}).toBe(false)
    expect(() => flatten({}, createManifest({ constructor: [1] }))).toThrow(
      'tensor "constructor" of the manifest is missing',
    )
  })

  it('that occurs twice is refused if the tensors are given as pairs', () => {
    const twice = [
      ['encoder/kernel', model.scale],
      ['encoder/kernel', { shape: [1], data: [2] }],
    ] as const
    expect(() => manifestOf(twice)).toThrow(
      refusal('invalid-argument', 'two tensors have the name "encoder/kernel"'),
    )
    expect(() => manifestOf(twice)).toThrow('give every layer of the model a different name')
    expect(() => flatten(twice, createManifest({ 'encoder/kernel': [] }))).toThrow('two tensors')
  })

  it('has 1 to 65535 characters, and is cut in messages', () => {
    expect(() => createManifest({ '': [1] })).toThrow(
      refusal('invalid-argument', 'a string of 1 to 65535 characters'),
    )
    expect(() => createManifest({ ['a'.repeat(65536)]: [1] })).toThrow(
      expect.objectContaining({ got: 65536 }),
    )
    expect(createManifest({ ['a'.repeat(65535)]: [1] }).length).toBe(1)
    expect(() => createManifest([[7, [1]]] as never)).toThrow(
      refusal('invalid-argument', 'the name of a tensor'),
    )
    expect(() => createManifest({ ['"'.repeat(5000)]: [-1] })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,400}$/) }),
    )
  })

  it('is required: a list of tensors without names is refused', () => {
    for (const list of [[model.scale], [[model.scale]], 'ab', 7, null, undefined]) {
      expect(() => manifestOf(list as never)).toThrow(refusal('invalid-argument', 'name'))
    }
  })
})

test('sizes that overflow are refused before memory is allocated', async () => {
  const shapes = [
    [2 ** 37],
    [2 ** 20, 2 ** 20],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [0, 2 ** 37],
    [2 ** 53, 0],
    new Array(60).fill(2),
    [-1],
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    ['3'],
    [3n],
    [null],
    new Array(1),
    new Array(256).fill(1),
  ] as unknown as (readonly number[])[]
  for (const [index, shape] of shapes.entries()) {
    await named(`shape ${index}`, () => {
      expect(() => createManifest({ a: shape })).toThrow(refusal('invalid-argument', 'tensor "a"'))
    })
  }
  expect(createManifest({ a: [2 ** 36] }).length).toBe(2 ** 36)
  expect(() => createManifest({ a: [2 ** 36], b: [] })).toThrow(
    refusal('invalid-argument', 'at most 2^36 elements'),
  )
})

test('more than 2^20 tensors are refused: a plan from a server must not keep a client busy', () => {
  function* many(count: number): Generator<[string, readonly number[]], void, void> {
    for (let i = 0; i < count; i++) yield [`${i}`, []]
  }
  expect(() => createManifest(many(2 ** 20 + 1))).toThrow(
    refusal('invalid-argument', 'at most 1048576 tensors'),
  )
})

test('tensors of onnxruntime are accepted', () => {
  // Like its class Tensor: `data` is a getter, and there are also a type and a location.
  class OnnxTensor {
    readonly type: string = 'float32'
    readonly location: 'cpu' | 'gpu-buffer' = 'cpu'
    readonly dims: readonly number[]
    readonly #data: Float32Array | Uint16Array | string[]
    constructor(data: Float32Array | Uint16Array | string[], dims: readonly number[]) {
      this.#data = data
      this.dims = dims
    }
    get data(): Float32Array | Uint16Array | string[] {
      return this.#data
    }
  }
  const tensors = {
    w: new OnnxTensor(Float32Array.of(1, 2), [2, 1]),
    b: new OnnxTensor(Float32Array.of(3), []),
  }
  const manifest = manifestOf(tensors)
  expect(flatten(tensors, manifest)).toEqual(Float32Array.of(3, 1, 2))
  const half = { ...tensors, w: new OnnxTensor(Uint16Array.of(0x3c00, 0), [2, 1]) }
  expect(() => flatten(half, manifest)).toThrow(expect.objectContaining({ got: 'Uint16Array' }))
})
