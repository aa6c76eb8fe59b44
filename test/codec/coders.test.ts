import { describe, expect, test } from 'vitest'
import * as P from '../../src/codec/codec.js'

const everything = P.struct({
  small: P.U8,
  medium: P.U16LE,
  large: P.U32LE,
  huge: P.U64LE,
  real: P.F64LE,
  flag: P.bool,
  name: P.oneOf(P.U8, { one: 1, two: 2 }),
  maybe: P.optional(P.U8),
  list: P.array(P.U16LE, P.bytes(P.U8)),
  tagged: P.tagged(P.U8, { number: [7, P.U16LE], text: [8, P.bytes(2)] }),
  rest: P.bytes(null),
})

const value: P.ValueOf<typeof everything> = {
  small: 255,
  medium: 0x0102,
  large: 0xfffefdfc,
  huge: 2n ** 63n + 5n,
  real: -0.5,
  flag: true,
  name: 'two',
  maybe: undefined,
  list: [Uint8Array.of(1, 2), new Uint8Array(0)],
  tagged: { kind: 'number', data: 0x1234 },
  rest: Uint8Array.of(9, 8),
}

const bytes = Uint8Array.of(
  ...[255, 2, 1, 0xfc, 0xfd, 0xfe, 0xff, 5, 0, 0, 0, 0, 0, 0, 128],
  ...[0, 0, 0, 0, 0, 0, 0xe0, 0xbf, 1, 2, 0, 2, 0, 2, 1, 2, 0, 7, 0x34, 0x12, 9, 8],
)

/** A coder of which the type of the values does not matter. */
type AnyCoder = Pick<P.Coder<unknown>, 'decode'> & { encode(value: never): Uint8Array }

test('numbers have their low byte first, and nothing is between the fields', () => {
  expect(everything.encode(value)).toEqual(bytes)
  expect(everything.decode(bytes)).toEqual(value)
})

test('a view in the middle of other memory is read at its place', () => {
  const memory = new Uint8Array(bytes.length + 20)
  memory.set(bytes, 7)
  expect(everything.decode(memory.subarray(7, 7 + bytes.length))).toEqual(value)
})

test('every truncation is refused, but for the bytes that may be absent', () => {
  for (let length = 0; length < bytes.length - 2; length++) {
    expect(() => everything.decode(bytes.subarray(0, length)), `${length}`).toThrow('too')
  }
})

test('long arrays and many short ones keep their order', () => {
  const parts = P.array(P.U16LE, P.bytes(P.U32LE))
  for (const lengths of [[300, 1, 300], [256, 257, 255], Array<number>(3000).fill(3), [5000, 0, 0, 5000]]) {
    const list = lengths.map((length, index) => new Uint8Array(length).fill(index))
    expect(parts.decode(parts.encode(list))).toEqual(list)
  }
})

test('what was encoded does not change with the array that it came from', () => {
  const source = new Uint8Array(1000).fill(1)
  const encoded = P.bytes(null).encode(source)
  source.fill(2)
  expect(encoded.every((byte) => byte === 1)).toBe(true)
})

test('the bytes bound the number of entries, so that a wrong number costs no memory', () => {
  const list = P.array(P.U32LE, P.struct({}))
  expect(() => list.decode(Uint8Array.of(255, 255, 255, 255))).toThrow('too few bytes')
})

describe('a value that cannot be encoded is refused, and the error does not quote it', () => {
  const cases: [string, AnyCoder, unknown[]][] = [
    ['U8', P.U8, [256, -1, 0.5, Number.NaN, '1', undefined]],
    ['U16LE', P.U16LE, [2 ** 16, -1, 1n]],
    ['U32LE', P.U32LE, [2 ** 32, Number.POSITIVE_INFINITY, null]],
    ['U64LE', P.U64LE, [2n ** 64n, -1n, 1]],
    ['unsignedBigInt', P.unsignedBigInt(9), [2n ** 72n, -1n]],
    ['F64LE', P.F64LE, ['1', undefined]],
    ['bool', P.bool, [1, undefined]],
    [
      'bytes',
      P.bytes(2),
      [new Uint8Array(1), new Uint8Array(3), [1, 2], '12', new Uint16Array(2), undefined],
    ],
    ['bytes after their number', P.bytes(P.U8), [new Uint8Array(256), [1], 'a']],
    ['oneOf', P.oneOf(P.U8, { one: 1 }), ['two', 'toString', undefined]],
    ['array', P.array(P.U8, P.U8), [[256], new Array(256).fill(0), undefined]],
    ['struct', P.struct({ a: P.U8 }), [{ a: 256 }, {}, undefined]],
    ['optional', P.optional(P.U8), [256, null]],
    [
      'tagged',
      P.tagged(P.U8, { a: [1, P.U8] }),
      [
        { kind: 'b', data: 1 },
        { kind: 'a', data: 300 },
      ],
    ],
  ]
  test.each(cases)('%s', (_, coder, values) => {
    for (const value of values) {
      let error: unknown
      try {
        coder.encode(value as never)
      } catch (thrown) {
        error = thrown
      }
      expect(error, String(value)).toBeInstanceOf(Error)
      expect((error as Error).message).not.toMatch(/256|300|1, 2/)
    }
  })
})

describe('bytes that no value has are refused', () => {
  const cases: [string, AnyCoder, number[]][] = [
    ['a boolean of 2', P.bool, [2]],
    ['a name without a number', P.oneOf(P.U8, { one: 1 }), [2]],
    ['a kind without a number', P.tagged(P.U8, { a: [1, P.U8] }), [2, 0]],
    ['a byte too many', P.U8, [1, 2]],
    ['a presence of 2', P.optional(P.U8), [2, 1]],
  ]
  test.each(cases)('%s', (_, coder, encoding) => {
    expect(() => coder.decode(Uint8Array.from(encoding))).toThrow()
  })
})
