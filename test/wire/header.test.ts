import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  messageType,
  PROTOCOL_VERSION,
  publishedKeysCoder,
  seatSet,
  survivorsCoder,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { randomOf } from '../support/seeded.js'
import { CASES, ORIGIN, seats } from './cases.js'

const TITLED = CASES.map((wire) => [wire.title, wire] as const)

describe('the header', () => {
  it.each(TITLED)('of %s is checked before anything else', (_title, { type, read, write, sample }) => {
    const bytes = write(sample(randomOf(610)))
    expect(messageType(bytes)).toBe(type)
    for (let value = 0; value < 256; value++) {
      const changed = bytes.slice()
      if (value !== bytes[0]) {
        changed[0] = value
        const error = { code: 'unsupported-version', expected: PROTOCOL_VERSION, got: value, ...ORIGIN }
        expect(() => read(changed)).toThrow(expect.objectContaining(error))
        expect(messageType(changed)).toBeUndefined()
        changed[0] = bytes[0]!
      }
      if (value !== bytes[1]) {
        changed[1] = value
        const error = { code: 'unexpected-message', expected: bytes[1], got: value, ...ORIGIN }
        expect(() => read(changed)).toThrow(expect.objectContaining(error))
        expect(messageType(changed)).not.toBe(type)
      }
    }
  })

  it('distinguishes the types', () => {
    const types = CASES.map(({ type, write, sample }) => [write(sample(randomOf(611)))[1], type].join())
    expect([...new Set(types)].sort()).toEqual([
      '1,advertiseKeys',
      '10,maskedSlice',
      '11,livingOwners',
      '12,acknowledgements',
      '13,collectedAcknowledgements',
      '14,complaint',
      '2,publishedKeys',
      '3,shareKeys',
      '4,forwardedShares',
      '5,maskedInput',
      '6,survivors',
      '7,consistencyCheck',
      '8,consistencySignatures',
      '9,unmasking',
    ])
    expect(messageType(Uint8Array.of(PROTOCOL_VERSION, 0))).toBeUndefined()
    expect(messageType(Uint8Array.of(PROTOCOL_VERSION, 15))).toBeUndefined()
    expect(messageType(new Uint8Array(0))).toBeUndefined()
  })
})

describe('a set of seats', () => {
  const survivors = survivorsCoder(seats(10))
  const read = (...body: number[]): readonly number[] =>
    decodeMessage('survivors', survivors, Uint8Array.of(PROTOCOL_VERSION, 6, ...body), ORIGIN)

  it('is one bit for each seat, low bit first', () => {
    expect(encodeMessage('survivors', survivors, [0, 2, 9])).toEqual(
      Uint8Array.of(PROTOCOL_VERSION, 6, 0b101, 0b10),
    )
    expect(read(0b101, 0b10)).toEqual([0, 2, 9])
    expect(read(0xff, 0b11)).toEqual(seats(10))
    expect(read(0, 0)).toEqual([])
  })

  it.each([2, 3, 4, 5, 6, 7])('refuses padding bit %i', (bit) => {
    expect(() => read(0b101, 1 << bit)).toThrow(expect.objectContaining({ code: 'malformed-message' }))
  })

  it('is read over a universe with gaps', () => {
    const coder = seatSet([3, 4, 70000])
    expect(coder.encode([3, 70000])).toEqual(Uint8Array.of(0b101))
    expect(coder.decode(Uint8Array.of(0b110))).toEqual([4, 70000])
  })

  it.each([[[1, 1]], [[2, 1]], [[10]], [[-1]], [[0.5]], [[Number.NaN]]])('cannot encode %j', (set) => {
    expect(() => survivors.encode(set)).toThrow(/distinct, ascending/)
  })
})

describe('a message that claims more entries or bytes than it has', () => {
  const everybody = seats(65535)
  const claim = Uint8Array.of(...new Uint8Array(8191).fill(0xff), 0x7f)

  it.each([
    ['publishedKeys', 2, publishedKeysCoder(everybody, 65535)],
    ['unmasking', 9, unmaskingCoder(everybody, new Set())],
  ] as const)(
    '%s of 65535 seats without their entries is refused before any entry is read',
    (type, number, coder) => {
      const bytes = Uint8Array.of(PROTOCOL_VERSION, number, ...claim)
      // It claims 65535 signatures of 65535 bytes. Reading it must not allocate gigabytes.
      expect(() => decodeMessage(type, coder as never, bytes, ORIGIN)).toThrow(
        expect.objectContaining({ code: 'malformed-message', ...ORIGIN }),
      )
    },
  )
})
