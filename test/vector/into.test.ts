import { describe, expect, test } from 'vitest'
import type { Bytes } from '../../src/crypto/bytes.js'
import { createVector, type Lanes, packedLength, packVector, unpackVector } from '../../src/vector/index.js'
import { createKernelPacker, plainPacker } from '../../src/vector/kernels/packers.js'
import { bytesOf, lanesOn } from '../../src/vector/lanes.js'
import { thrownBy } from '../support/refusals.js'
import { randomOf } from '../support/seeded.js'
import { valuesFor, valuesOf, vectorOf } from './support.js'

const SEGMENTS = [
  { length: 5, bits: 12 },
  { length: 3, bits: 40 },
  { length: 2, bits: 16 },
]

/** The same array, with old content. */
function dirty<T extends Lanes>(lanes: T): T {
  bytesOf(lanes).fill(7)
  return lanes
}

describe('memory that is used again', () => {
  test('holds the same bytes and elements as new memory, whatever it held before', () => {
    for (const bits of [1, 7, 8, 12, 16, 20, 31, 32, 33, 63, 64]) {
      const random = randomOf(bits)
      for (const length of [3, 300, 2 * 2048 + bits]) {
        const segments = [{ length, bits }]
        const vector = vectorOf(valuesFor(segments, bits), segments)
        const packed = packVector(vector, segments)
        const bytes: Bytes = Uint8Array.from(random.bytes(packed.length + 5))
        const into = bytes.subarray(3, 3 + packed.length)
        const around = [...bytes.subarray(0, 3), ...bytes.subarray(-2)]
        expect(packVector(vector, segments, { into })).toBe(into)
        expect(into).toEqual(packed)
        expect([...bytes.subarray(0, 3), ...bytes.subarray(-2)]).toEqual(around)

        const frame = dirty(lanesOn(new ArrayBuffer(8 * length + 16), bits))
        const lanes = frame.subarray(1, 1 + length)
        const [before, after] = [frame[0], frame[1 + length]]
        const vectorInto = [lanes]
        expect(unpackVector(packed, segments, { into: vectorInto })).toBe(vectorInto)
        expect(valuesOf(vectorInto)).toEqual(valuesOf(unpackVector(packed, segments)))
        expect([frame[0], frame[1 + length]]).toEqual([before, after])
      }
    }
  })

  test('is overwritten by every packer', () => {
    for (const bits of [7, 12, 20, 31, 33, 63]) {
      const [length, random] = [2048 + 37, randomOf(bits)]
      const packed = random.bytes(Math.ceil((length * bits) / 8))
      const clean = createVector([{ length, bits }])[0]!
      plainPacker.add(clean, bits, packed)
      for (const packer of [plainPacker, createKernelPacker()!]) {
        const lanes = dirty(createVector([{ length, bits }])[0]!)
        packer.unpack(lanes, bits, packed)
        expect(lanes).toEqual(clean)
      }
    }
  })

  test('may be a subclass such as Buffer, which is what is returned', () => {
    const vector = vectorOf(valuesFor(SEGMENTS, 1), SEGMENTS)
    const into = new (class extends Uint8Array {})(packedLength(SEGMENTS)) as Bytes
    expect(packVector(vector, SEGMENTS, { into })).toBe(into)
    expect(Uint8Array.from(into)).toEqual(packVector(vector, SEGMENTS))
  })

  test('may be next to the input, but not on it', () => {
    const segments = [{ length: 4, bits: 12 }]
    const memory = new ArrayBuffer(32)
    const vector = [new Uint16Array(memory, 8, 4)]
    const refusal = {
      code: 'invalid-argument',
      fault: 'usage',
      message: expect.stringContaining('must not overlap'),
    }
    vector[0]!.set([1, 2, 3, 4])
    const before = [...new Uint8Array(memory)]
    for (let at = 0; at + 6 <= 32; at++) {
      const into = new Uint8Array(memory, at, 6)
      if (at <= 2 || at >= 16) {
        expect(packVector(vector, segments, { into })).toEqual(
          packVector([Uint16Array.of(1, 2, 3, 4)], segments),
        )
        into.fill(0)
      } else {
        expect(thrownBy(() => packVector(vector, segments, { into }))).toMatchObject(refusal)
        expect([...new Uint8Array(memory)]).toEqual(before)
      }
    }
    const packed = packVector(vector, segments)
    expect(
      thrownBy(() =>
        unpackVector(new Uint8Array(memory, 0, 6), segments, { into: [new Uint16Array(memory, 4, 4)] }),
      ),
    ).toMatchObject(refusal)
    const twice = new Uint16Array(4)
    const both = [...segments, ...segments]
    const input = Uint8Array.from([...packed, ...packed])
    expect(thrownBy(() => unpackVector(input, both, { into: [twice, twice] }))).toMatchObject(refusal)
    expect(twice).toEqual(new Uint16Array(4))
    // Memory without bytes overlaps nothing.
    expect(
      packVector([new Uint16Array(memory, 8, 0)], [{ length: 0, bits: 12 }], {
        into: new Uint8Array(memory, 8, 0),
      }).length,
    ).toBe(0)
  })

  test('is refused and unchanged if it does not fit', () => {
    const vector = vectorOf(valuesFor(SEGMENTS, 2), SEGMENTS)
    const packed = packVector(vector, SEGMENTS)
    const wrongBytes: [unknown, string][] = [
      [
        new Uint8Array(packed.length - 1),
        `into must have ${packed.length} elements, not ${packed.length - 1}`,
      ],
      [new Uint8ClampedArray(packed.length), 'into must be a Uint8Array, not Uint8ClampedArray'],
      [Array.from(packed), 'into must be a Uint8Array, not an array'],
      [null, 'into must be a Uint8Array, not null'],
    ]
    for (const [into, message] of wrongBytes) {
      expect(thrownBy(() => packVector(vector, SEGMENTS, { into: into as never }))).toMatchObject({
        code: 'invalid-argument',
        message,
      })
    }
    const ones = () => createVector(SEGMENTS).map(dirty)
    const wrongVectors: [unknown, string][] = [
      [ones().slice(1), 'into must be a list of 3 arrays of lanes, not 2'],
      [ones()[0], 'into must be a list of 3 arrays of lanes, not a Uint16Array'],
      [[new Uint32Array(5), ...ones().slice(1)], 'segment 0 of into must be a Uint16Array, not Uint32Array'],
      [[...ones().slice(0, 2), new Uint16Array(3)], 'segment 2 of into must have 2 elements, not 3'],
    ]
    for (const [into, message] of wrongVectors) {
      expect(thrownBy(() => unpackVector(packed, SEGMENTS, { into: into as never }))).toMatchObject({
        code: 'invalid-argument',
        message,
      })
    }
    const kept = ones()
    expect(thrownBy(() => unpackVector(packed.subarray(1), SEGMENTS, { into: kept }))).toMatchObject({
      code: 'malformed-message',
    })
    expect(kept).toEqual(ones())
  })
})
