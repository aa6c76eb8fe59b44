import { type CryptoProvider, defaultCrypto, ServerSession } from 'secagg'
import { expect, test, vi } from 'vitest'
import { soak } from '../../bench/soak/soak.js'

const COHORT = { clients: 44, seed: 7, length: 150, corruptFraction: 0.05, dropoutFraction: 0.1 }

async function soaked(rounds: number, crypto: CryptoProvider, cohort = COHORT) {
  const all = []
  for await (const round of soak({ ...cohort, rounds }, crypto)) all.push(round)
  return all
}

const sevenRounds = defaultCrypto('chacha').then((crypto) => soaked(7, crypto))

test('with delays, repetitions, garbage and reconnects nothing is lost and every sum is exact', async () => {
  const rounds = await sevenRounds
  for (const { tally, round } of rounds) expect(tally.findings, `seed 7, round ${round}`).toEqual([])
  const endings = rounds.map(({ ending }) => ending)
  expect(endings.filter((ending) => ending === 'sum')).toHaveLength(5)
  expect(endings).toContain('sum after waiting')
  expect(endings).toContain('given up')

  // Nothing that is to be withstood is missing.
  for (const code of [
    'malformed-message',
    'unsupported-version',
    'unexpected-message',
    'conflicting-message',
    'late-message',
    'unknown-seat',
    'configuration-mismatch',
  ] as const) {
    const count = rounds.reduce((sum, { tally }) => sum + (tally.refusals[code] ?? 0), 0)
    expect(count, code).toBeGreaterThan(0)
  }
  for (const { tally, round } of rounds) {
    expect(tally.lost, `round ${round}`).toBeGreaterThan(0)
    expect(tally.receipts.duplicate, `round ${round}`).toBeGreaterThan(0)
    expect(tally.letters.refused, `round ${round}`).toBeGreaterThan(0)
  }
  expect(rounds.map(({ tally }) => tally.receipts.busy > 0)).toEqual(
    [0, 1, 2, 0, 1, 2, 0].map((n) => n === 2),
  )
})

test('the seed says all that the network does, whatever the keys are', async () => {
  const crypto = await defaultCrypto('chacha')
  const one = (await sevenRounds).slice(0, 3)
  const other = await soaked(3, crypto)
  const ledger = (rounds: typeof one) => rounds.map(({ sizes, tally }) => ({ sizes, ...tally }))
  expect(ledger(one)).toEqual(ledger(other))
  const [another] = await soaked(1, crypto, { ...COHORT, seed: 8 })
  expect(another!.tally.receipts).not.toEqual(one[0]!.tally.receipts)
})

test('a wrong mask is found', async () => {
  const crypto = await defaultCrypto('chacha')
  const aes = crypto.suites.aes!
  let streams = 0
  const keystream: typeof aes.keystream = (seed, offset) =>
    aes.keystream(++streams % 40 === 0 ? seed.map((byte) => byte ^ 1) : seed, offset)
  const [round] = await soaked(1, { ...crypto, suites: { aes: { ...aes, keystream } } })
  expect(round!.tally.findings).toContain('the sum is wrong')
})

test('a message that a server drops without a word is found', async () => {
  const { receive } = ServerSession.prototype
  let calls = 0
  const receiving = vi.spyOn(ServerSession.prototype, 'receive').mockImplementation(function (
    this: ServerSession,
    seat,
    bytes,
  ) {
    return ++calls === 60 ? Promise.resolve({ status: 'accepted' }) : receive.call(this, seat, bytes)
  })
  try {
    const [round] = await soaked(1, await defaultCrypto('chacha'))
    expect(round!.tally.findings).not.toEqual([])
  } finally {
    receiving.mockRestore()
  }
})
