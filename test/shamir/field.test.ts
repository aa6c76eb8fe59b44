import { describe, expect, it } from 'vitest'
import {
  addScaled,
  fieldFor,
  GF256,
  GF65536,
  invert,
  multiplicationTables,
  multiply,
} from '../../src/shamir/field.js'
import { seeded } from '../support/seeded.js'
import { elementsOf, remainder, slowProduct } from './reference.js'

const FIELDS = [GF256, GF65536]

describe.each(FIELDS)('GF(2^$bits)', (field) => {
  const size = 2 ** field.bits

  it('has an irreducible polynomial: no polynomial of at most half its degree divides it', () => {
    expect(field.polynomial >>> field.bits).toBe(1)
    for (let divisor = 2; divisor < 2 ** (field.bits / 2 + 1); divisor++) {
      expect(remainder(BigInt(field.polynomial), BigInt(divisor)), `divisor ${divisor}`).not.toBe(0n)
    }
  })

  it('multiplies elements like polynomials', async () => {
    await seeded(701, (random) => {
      const pairs = [0, 1, 2, 3, size - 1, size - 2, size / 2]
      const edges = pairs.flatMap((a) => pairs.map((b) => [a, b] as const))
      const draws = Array.from({ length: 20_000 }, () => [random.below(size), random.below(size)] as const)
      const wrong = [...edges, ...draws].filter(
        ([a, b]) => multiply(field, a, b) !== slowProduct(field, a, b),
      )
      expect(wrong).toEqual([])
    })
  })

  it('has an inverse for every nonzero element', () => {
    const wrong: number[] = []
    for (let a = 1; a < size; a++) if (multiply(field, a, invert(field, a)) !== 1) wrong.push(a)
    expect(wrong).toEqual([])
  })

  it('scales and adds whole arrays like single elements', async () => {
    await seeded(702, (random) => {
      for (const factor of [0, 1, 2, size - 1, random.below(size), random.below(size)]) {
        const source = random.bytes(512)
        const target = random.bytes(512)
        const expected = elementsOf(field, source).map((element, index) => {
          return elementsOf(field, target)[index]! ^ slowProduct(field, factor, element)
        })
        const before = source.slice()
        addScaled(field, target, source, multiplicationTables(field, [1, factor, 3]), 1)
        expect(elementsOf(field, target)).toEqual(expected)
        expect(source).toEqual(before)
      }
    })
  })
})

it('the polynomials are those of this version of the protocol', () => {
  // Other irreducible polynomials would work too, but all parties must use the same ones.
  expect(FIELDS.map(({ polynomial }) => polynomial.toString(16))).toEqual(['11b', '1002b'])
})

it('multiplies every pair of elements of GF(2^8) like polynomials', () => {
  const wrong: string[] = []
  for (let a = 0; a < 256; a++) {
    for (let b = a; b < 256; b++) {
      const product = slowProduct(GF256, a, b)
      if (multiply(GF256, a, b) !== product || multiply(GF256, b, a) !== product) wrong.push(`${a} ${b}`)
    }
  }
  expect(wrong).toEqual([])
})

it('the field follows from the number of holders: GF(2^8) has coordinates for 255 holders, but not for 256', () => {
  expect([2, 254, 255].map(fieldFor)).toEqual([GF256, GF256, GF256])
  expect([256, 300, 65535].map(fieldFor)).toEqual([GF65536, GF65536, GF65536])
})
