import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readOffer } from '../../docs/examples/coordinator/handshake.js'
import { StateFile } from '../../docs/examples/coordinator/state-file.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const named = (round: number, id: number) => ({ round, sessionId: new Uint8Array(32).fill(id) })
const SAVED = Uint8Array.of(1, 2, 3)

test('a server that offers rounds A, B and A again is refused the second A, in this process and in the next', () => {
  const path = join(folder, 'client.state')
  const [a, b] = [named(1, 0xa), named(2, 0xb)]
  const file = new StateFile(path)
  expect(file.claim(a)).toBe(true)
  file.write(a, SAVED)
  file.finish(a)
  expect(file.claim(b)).toBe(true)
  file.write(b, SAVED)
  for (const again of [file, new StateFile(path)]) {
    expect(again.claim(a)).toBe(false)
    expect(again.claim(b)).toBe(false)
    // Nor does the old id help under the number of another round, or the other way round.
    expect(again.claim(named(2, 0xa))).toBe(false)
    expect(again.claim(named(1, 0xc))).toBe(false)
    expect(again.read(b)).toEqual(SAVED)
    expect(again.read(named(2, 0xa))).toBeUndefined()
    expect(again.read(named(3, 0xb))).toBeUndefined()
  }
  expect(new StateFile(path).claim(named(3, 0xc))).toBe(true)
})

test('a round whose process ended before it saved anything is over for the client', () => {
  const path = join(folder, 'client.state')
  expect(new StateFile(path).claim(named(1, 1))).toBe(true)
  expect(new StateFile(path).isOver(named(1, 1))).toBe(true)
  expect(new StateFile(path).read(named(1, 1))).toBeUndefined()
})

test('a round number that does not fit the file is no offer', () => {
  const sessionId = '00'.repeat(32)
  for (const round of [-1, 0.5, 2 ** 53, '1', null]) {
    expect(() => readOffer(JSON.stringify({ round, sessionId }))).toThrow(
      'the number of the round is missing or wrong',
    )
  }
})
