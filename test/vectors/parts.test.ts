import { unpackVector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { hex, unhex } from '../model/bytes.js'
import { configurationOf, encodedSliceLength } from '../model/configuration.js'
import { modelLarge } from '../model/large.js'
import { ed25519Verify, isAcceptablePublicKey, SUITES } from '../model/primitives.js'
import { isProven, minimumPresent, partOf } from '../model/proof.js'
import { elements } from '../model/round.js'
import { fieldFor, interpolate, shareAt } from '../model/secret-sharing.js'
import { pack, prg, sliceCount, sliceSegments, unpack } from '../model/vectors.js'
import type { Parts } from './format.js'
import { LARGE, PARTS } from './kept.js'
import { largeVector } from './large.js'
import { partVectors } from './parts.js'

test('the library makes the same parts', async () => {
  expect(await partVectors()).toEqual(PARTS)
})

describe('one client among 256, whose shares are over GF(2^16)', () => {
  test('the library makes every value of it', async () => {
    expect(await largeVector()).toEqual(LARGE)
  })

  test('and so does the model', () => {
    expect(modelLarge(LARGE)).toEqual(LARGE.values)
  })
})

describe('the model agrees on', () => {
  test('configurations', () => {
    for (const { parameters, values } of PARTS.configurations) {
      const { contextEncoding, contextHash, encoding, hash } = configurationOf(parameters)
      expect({
        contextEncoding: hex(contextEncoding),
        contextHash: hex(contextHash),
        encoding: hex(encoding),
        hash: hex(hash),
      }).toEqual(values)
    }
  })

  test('what k and t withstand', () => {
    const judged = PARTS.neighborhoods.map((each) => ({
      ...each,
      minimumPresent: isProven(each) ? minimumPresent(each) : null,
    }))
    expect(judged).toEqual(PARTS.neighborhoods)
  })

  test('parts of a number of clients', () => {
    for (const { fraction, of, part } of PARTS.fractions) expect(partOf(of, fraction)).toBe(part)
  })

  test('slice lengths', () => {
    for (const { elements, stated, encoded } of PARTS.sliceLengths) {
      expect(encodedSliceLength(elements, stated)).toBe(encoded)
    }
  })

  test('public keys', () => {
    const judged = PARTS.publicKeys.map(({ publicKey }) => ({
      publicKey,
      acceptable: isAcceptablePublicKey(unhex(publicKey)),
    }))
    expect(judged).toEqual(PARTS.publicKeys)
    expect(new Set(judged.map(({ acceptable }) => acceptable)).size).toBe(2)
  })

  test('signatures', () => {
    const judged = PARTS.signatures.map((each) => ({
      ...each,
      valid: ed25519Verify(unhex(each.publicKey), unhex(each.message), unhex(each.signature)),
    }))
    expect(judged).toEqual(PARTS.signatures)
    const mixed = judged.filter(({ what }) => what === 'a key with a part of order 8')
    expect(mixed.map(({ valid }) => valid)).toEqual([false, false, true])
  })

  test('shares, and the secret that they give', () => {
    for (const { field: name, threshold, holders, secret, coefficients, shares } of PARTS.sharing) {
      const field = fieldFor(holders)
      expect(field.name).toBe(name)
      const made = shares.map(({ coordinate }) => ({
        coordinate,
        share: hex(shareAt(field, unhex(secret), coefficients.map(unhex), coordinate)),
      }))
      expect(made).toEqual(shares)
      const points = shares.map(({ coordinate, share }) => ({ x: coordinate, share: unhex(share) }))
      expect(hex(interpolate(field, points.slice(0, threshold)))).toBe(secret)
      expect(hex(interpolate(field, points.slice(-threshold)))).toBe(secret)
      if (threshold > 2) expect(hex(interpolate(field, points.slice(1, threshold)))).not.toBe(secret)
    }
  })

  test('masks of every k, in both suites', () => {
    for (const { suite, seed, segments, mask } of PARTS.masks) {
      expect(hex(pack(segments, prg(SUITES[suite], unhex(seed), segments)))).toBe(mask)
    }
  })

  test('packed vectors', () => {
    for (const { segments, elements: vector, packed } of PARTS.packing) {
      const numbers = vector.map((segment) => segment.map(BigInt))
      expect(hex(pack(segments, numbers))).toBe(packed)
      expect(elements(unpack(segments, unhex(packed))!)).toEqual(vector)
    }
  })

  test('slices', () => {
    for (const each of PARTS.slices) expect(slicesOf(each)).toEqual(each.slices)
  })
})

test('what is no packed vector is refused by both', () => {
  for (const { segments, packed } of PARTS.malformed) {
    expect(unpack(segments, unhex(packed))).toBeNull()
    expect(() => unpackVector(unhex(packed), segments)).toThrow(
      expect.objectContaining({ code: 'malformed-message' }),
    )
  }
})

/** The slices of a vector in the model, as the vectors have them. */
function slicesOf({ segments, sliceLength }: Parts['slices'][number]): Parts['slices'][number]['slices'] {
  const { parameters } = PARTS.configurations[0]!
  const shape = segments.map((segment) => ({ ...segment, bound: 'modular' }))
  const configuration = configurationOf({ ...parameters, sliceLength, segments: shape })
  let from = 0
  return Array.from({ length: sliceCount(configuration) }, (_, slice) => {
    const length = sliceSegments(configuration, slice).reduce((sum, each) => sum + each.length, 0)
    from += length
    return [from - length, from]
  })
}
