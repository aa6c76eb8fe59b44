import { SecAggError } from 'secagg'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { named, type Random, seeded } from '../support/seeded.js'
import { CASES, type WireCase } from './cases.js'

/** The result of reading: the value, or the error, which must be a SecAggError. */
function attempt({ read }: WireCase, bytes: Uint8Array): { value: unknown } | { error: SecAggError } {
  try {
    return { value: read(bytes) }
  } catch (error) {
    if (error instanceof SecAggError) return { error }
    throw error
  }
}

/** Checks that any bytes give either a typed error that blames the sender, or a value whose only encoding they are. */
function readsCanonically(wire: WireCase, bytes: Uint8Array): void {
  const result = attempt(wire, bytes)
  // Compared as text, because comparing arrays element by element would take most of the time.
  if ('value' in result) expect(bytesToHex(wire.write(result.value))).toBe(bytesToHex(bytes))
  else expect(result.error.fault).toBe('peer')
}

const messageOf = (wire: WireCase, random: Random): Uint8Array => wire.write(wire.sample(random))

describe.each(CASES.map((wire) => [wire.title, wire] as const))('%s', (_title, wire) => {
  it('is read as it was written', async () => {
    await seeded(601, (random) => {
      for (let i = 0; i < 20; i++) {
        const value = wire.sample(random)
        const bytes = wire.write(value)
        expect(wire.read(bytes)).toEqual(value)
        expect(wire.write(wire.read(bytes))).toEqual(bytes)
      }
    })
  })

  it('is refused if bytes are missing at its end', async () => {
    await seeded(602, async (random) => {
      const bytes = messageOf(wire, random)
      for (let length = 0; length < bytes.length; length++) {
        await named(`${length} of ${bytes.length} bytes`, () => {
          expect(attempt(wire, bytes.slice(0, length))).toMatchObject({
            error: { code: 'malformed-message', fault: 'peer' },
          })
        })
      }
    })
  })

  it('is refused if bytes are added at its end', async () => {
    await seeded(603, (random) => {
      for (const extra of [1, 2, 16, 64]) {
        const bytes = Uint8Array.of(...messageOf(wire, random), ...new Uint8Array(extra))
        expect(attempt(wire, bytes)).toMatchObject({ error: { code: 'malformed-message', fault: 'peer' } })
      }
    })
  })

  it('has one encoding: a flipped bit gives a typed error or another value, never the same one', async () => {
    await seeded(604, async (random) => {
      const bytes = messageOf(wire, random)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice()
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        await named(`bit ${bit}`, () => readsCanonically(wire, flipped))
      }
    })
  })

  it('gives a value or a typed error for any change of a byte and for any bytes', async () => {
    await seeded(605, (random) => {
      const bytes = messageOf(wire, random)
      for (let i = 0; i < 200; i++) {
        const spoiled = bytes.slice()
        spoiled[random.below(bytes.length)] = random.below(256)
        readsCanonically(wire, spoiled)
        const noise = random.bytes(random.below(bytes.length + 8))
        readsCanonically(wire, noise)
        noise.set(bytes.slice(0, Math.min(2, noise.length)))
        readsCanonically(wire, noise)
      }
    })
  })

  it('can be read from the middle of a larger buffer, and does not change if the buffer changes', async () => {
    await seeded(606, (random) => {
      const value = wire.sample(random)
      const bytes = wire.write(value)
      const buffer = new Uint8Array(bytes.length + 9).fill(0xee)
      const view = buffer.subarray(5, 5 + bytes.length)
      view.set(bytes)
      const read = wire.read(view)
      expect(view).toEqual(bytes)
      buffer.fill(0)
      expect(read).toEqual(value)
    })
  })
})
