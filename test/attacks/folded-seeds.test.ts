import { defaultCrypto, nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { toySplitter } from '../support/toy-crypto.js'
import { nothingUsed, recording, type Used } from './recorded.js'
import { ACTIVE, finish, hexOf, openedRound, seatsBelow } from './support.js'

/*
 * A mask is worth as many bits as the seed it is made of, and no statistics shows that a seed of 128 bits was made of 16.
 * So these tests look at what goes into each derivation and what becomes of the result.
 */
const SEATS = seatsBelow(5)

/** A round of five clients, of whom the last drops out with its masked vector; what each used and what it shared. */
async function recordedRound(suite: 'aes' | 'chacha') {
  const crypto = suite === 'aes' ? await defaultCrypto() : nobleCrypto()
  const clients = SEATS.map(nothingUsed)
  const server = nothingUsed()
  const shared = SEATS.map((): string[] => [])
  const splitter = toySplitter(1)
  const cohort = await makeCohort({
    ...ACTIVE,
    suite,
    crypto,
    clientOptions: (seat) => ({
      crypto: recording(crypto, clients[seat]!),
      splitSecret: (secret, ...rest) => {
        shared[seat]!.push(hexOf(secret))
        return splitter(secret, ...rest)
      },
    }),
    serverOptions: { crypto: recording(crypto, server) },
  })
  const opened = await openedRound('masked-input', cohort)
  await opened.sessions[4]!.receive(opened.pending.get(4)!)
  expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
  return { clients, server, shared, keyDigits: suite === 'aes' ? 32 : 64, hash: hexOf(cohort.config.hash) }
}

/** The label with which the info of a derivation begins, its length first. */
const labelOf = (info: string): string => info.slice(0, 2 + 2 * Number.parseInt(info.slice(0, 2), 16))

/** The derivations that gave one of these. */
const derivationsOf = ({ derivations }: Used, outputs: readonly string[]) =>
  derivations.filter(({ output }) => outputs.includes(output))

describe.each(['aes', 'chacha'] as const)('with the suite %s', (suite) => {
  test('no seed is folded or cut: what two keys agree on goes whole into it, and it goes whole into the generator', async () => {
    const { clients, server, shared, keyDigits } = await recordedRound(suite)
    for (const [seat, used] of clients.entries()) {
      const sources = derivationsOf(used, used.seeds)
      expect(sources.map(({ output }) => output).sort()).toEqual([...used.seeds].sort())
      expect(used.seeds).toHaveLength(5)
      for (const seed of used.seeds) expect(seed).toHaveLength(keyDigits)

      // Four of an agreement of 32 bytes each, one of b as it was drawn and shared.
      const [maskKey, selfMask] = shared[seat]!
      expect(maskKey).toHaveLength(64)
      expect(selfMask).toHaveLength(32)
      expect(used.drawn).toContain(maskKey)
      expect(used.drawn).toContain(selfMask)
      const own = sources.filter(({ secret }) => secret === selfMask)
      const pairwise = sources.filter(
        ({ secret }) => used.agreements.includes(secret) && secret.length === 64,
      )
      expect([own.length, pairwise.length]).toEqual([1, 4])
    }
    // The server makes the masks that it takes off in the same way.
    const taken = derivationsOf(server, server.seeds)
    expect(taken).toHaveLength(8)
    expect(taken.filter(({ secret }) => shared.some(([, selfMask]) => selfMask === secret))).toHaveLength(4)
    expect(taken.filter(({ secret }) => server.agreements.includes(secret))).toHaveLength(4)
  })

  test('no sealing key is folded or cut', async () => {
    const { clients, keyDigits } = await recordedRound(suite)
    for (const used of clients) {
      const sources = derivationsOf(used, used.sealing)
      expect(sources).toHaveLength(4)
      for (const { secret, output } of sources) {
        expect(output).toHaveLength(keyDigits)
        expect(secret).toHaveLength(64)
        expect(used.agreements).toContain(secret)
      }
    }
  })

  test('every derivation is of this round, and no two purposes, pairs or owners have one in common', async () => {
    const { clients, hash } = await recordedRound(suite)
    const owned = new Set<string>()
    for (const used of clients) {
      const { derivations, seeds, sealing, agreements } = used
      expect(new Set(derivations.map(({ salt }) => salt))).toEqual(new Set([hash]))
      expect(new Set(derivations.map(({ info }) => info)).size).toBe(derivations.length)
      const ofAgreement = ({ secret }: { readonly secret: string }): boolean => agreements.includes(secret)
      const masks = derivationsOf(used, seeds)
      const selfMasks = masks.filter((each) => !ofAgreement(each))
      const commitments = derivations.filter((each) => !ofAgreement(each) && !masks.includes(each))
      expect(commitments).toHaveLength(1)
      const purposes = [masks.filter(ofAgreement), selfMasks, commitments, derivationsOf(used, sealing)]
      const labels = purposes.map((purpose) => new Set(purpose.map(({ info }) => labelOf(info))))
      expect(labels.map(({ size }) => size)).toEqual([1, 1, 1, 1])
      expect(new Set(labels.flatMap((each) => [...each])).size).toBe(4)
      for (const { info } of [...selfMasks, ...commitments]) owned.add(info)
    }
    expect(owned.size).toBe(2 * SEATS.length)
  })
})
