import { describe, expect, test } from 'vitest'
import {
  ascii,
  bytesToHex,
  concatBytes,
  createBytes,
  equalBytes,
  joinBytes,
  portionsOf,
  wipe,
  wipeAll,
} from '../../src/crypto/bytes.js'

describe('bytes', () => {
  test('are joined in a new array', () => {
    const only = Uint8Array.of(1, 2)
    expect(concatBytes()).toEqual(new Uint8Array(0))
    expect(concatBytes(only)).not.toBe(only)
    expect(concatBytes(only, new Uint8Array(0), Uint8Array.of(3))).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('are equal if their lengths and contents are', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2).subarray(1))).toBe(true)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
  })

  test('are shown as hexadecimal', () => {
    expect(bytesToHex(Uint8Array.of(0, 10, 255))).toBe('000aff')
  })

  test('are made from ASCII text only', () => {
    expect(ascii('secagg/1\n~')).toEqual(new TextEncoder().encode('secagg/1\n~'))
    const error = expect.objectContaining({ code: 'invalid-argument', fault: 'usage' })
    expect(() => ascii('geheim\u00e4')).toThrow(error)
    expect(() => ascii('\ud83d\ude00')).toThrow(error)
  })

  test('are wiped without touching memory outside the view', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4)
    wipe(buffer.subarray(1, 3), new Uint8Array(0))
    expect(buffer).toEqual(Uint8Array.of(1, 0, 0, 4))
  })

  test('are joined and wiped in lists longer than the maximum number of arguments', () => {
    const parts = Array.from({ length: 300_000 }, (_, index) => Uint8Array.of(index))
    const joined = joinBytes(parts)
    expect(joined.length).toBe(300_000)
    expect(joined[299_999]).toBe(299_999 % 256)
    wipeAll(parts)
    expect(parts.every(([byte]) => byte === 0)).toBe(true)
  })

  test('are cut into portions', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5)
    expect([...portionsOf(bytes, 2)]).toEqual([bytes.subarray(0, 2), bytes.subarray(2, 4), bytes.subarray(4)])
    expect([...portionsOf(bytes, 5)]).toEqual([bytes])
    expect([...portionsOf(new Uint8Array(0), 2)]).toEqual([])
  })

  test('that cannot be allocated give a typed error', () => {
    const error = expect.objectContaining({ code: 'unsupported', fault: 'usage', got: 2 ** 50 })
    expect(() => createBytes(2 ** 50)).toThrow(error)
  })
})
