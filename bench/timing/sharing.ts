import { nodeCrypto } from 'secagg/crypto'
import { interpolation } from '../../src/shamir/combine.js'
import { type Field, GF256, GF65536, multiply } from '../../src/shamir/field.js'
import { evaluateAtAll, secretSplitter } from '../../src/shamir/split.js'
import { type Operation, secretBuffer } from './harness.js'

/** All classes here are zeros, which a careless product treats as a special case, against random values. */
const ZERO_OR_RANDOM = 'zero or random'

function multiplication(field: Field): Operation {
  const values = secretBuffer(new Uint8Array((256 * field.bits) / 8))
  const elements = field.bits === 8 ? values.bytes : new Uint16Array(values.bytes.buffer)
  const factor = field.bits === 8 ? 0x53 : 0x5371
  return {
    name: `multiply in GF(2^${field.bits}), 256 products`,
    classes: `one factor: ${ZERO_OR_RANDOM}`,
    construction: 'yes',
    prepare: values.next,
    run: () => {
      let sum = 0
      for (let i = 0; i < elements.length; i++) sum ^= multiply(field, factor, elements[i]!)
      return sum
    },
  }
}

function evaluation(): Operation {
  const [width, levels] = [16, 9]
  const coefficients = secretBuffer(new Uint8Array(2 * width * 2 ** levels))
  const rows = new Uint16Array(coefficients.bytes.buffer)
  return {
    name: 'evaluateAtAll, GF(2^16), 32 bytes for 511 holders',
    classes: `secret and coefficients: ${ZERO_OR_RANDOM}`,
    construction: 'yes, except for tables of 128 bytes',
    prepare: coefficients.next,
    run: () => evaluateAtAll(GF65536, rows, width, levels),
  }
}

function reconstruction(field: Field): Operation {
  const [threshold, owners] = [17, 8]
  const shares = secretBuffer(new Uint8Array(threshold * owners * 32))
  const coordinates = Array.from({ length: threshold }, (_, i) => i + 1)
  const rows = Array.from({ length: owners }, (_, owner) =>
    coordinates.map((_, i) =>
      shares.bytes.subarray(32 * (owner * threshold + i), 32 * (owner * threshold + i + 1)),
    ),
  )
  return {
    name: `interpolate, GF(2^${field.bits}), 17 shares of 8 owners`,
    classes: `shares: ${ZERO_OR_RANDOM}`,
    construction: `yes, except for tables of ${8 * field.bits} bytes`,
    prepare: shares.next,
    run: () => {
      const through = interpolation(field, coordinates)
      return rows.map((row) => through.secret(row))
    },
  }
}

function splitting(holders: number, threshold: number, construction: string): Operation {
  const split = secretSplitter(nodeCrypto()!)
  const secret = secretBuffer(new Uint8Array(32))
  return {
    name: `split, ${threshold} of ${holders}`,
    classes: `secret: ${ZERO_OR_RANDOM}`,
    construction,
    prepare: secret.next,
    run: () => split(secret.bytes, threshold, holders),
  }
}

export const sharings: readonly Operation[] = [
  multiplication(GF256),
  multiplication(GF65536),
  evaluation(),
  reconstruction(GF256),
  reconstruction(GF65536),
  splitting(30, 17, 'no: tables of 256 bytes'),
  splitting(300, 151, 'yes, except for tables of 128 bytes'),
]
