import { SecAggError } from 'secagg'
import { describe, expect, test } from 'vitest'
import { createRoundConfig } from '../../src/index.js'
import { culpritsAmong } from '../../src/protocol/server/wrong-shares.js'
import { makeCohort, runCohort } from '../support/cohort.js'
import { seeded } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import {
  advertiseKeys,
  CURIOUS,
  expectError,
  expectRefused,
  finish,
  flipped,
  openedRound,
  seatsBelow,
  unmasking,
} from './support.js'

// Whom a server names, by error or report, and whether that can be somebody honest:
//
// - The sender of a message that is refused, which it has from that client's own connection. Honest clients are refused
//   if they are late, or of another version or configuration, and for nothing else, as the next test shows.
// - Of two clients with one key: nobody, as either may have copied the other's.
// - Of two with one identity: the second, whose signature under it only that identity can have made.
// - An owner or holder in the report: if it has wrong shares with more than n_C others, and n_C clients can explain all.
// - An owner, where its secret is lost: if n_C holders that lie cannot have prevented the correction, likewise.
// - A client names nobody, as it has everything from the server.

describe('under the assumption that n_C clients cheat', () => {
  const CLIENTS = 12
  const configOf = (corruptClients: number) =>
    createRoundConfig({
      sessionId: new Uint8Array(16),
      clients: CLIENTS,
      adversary: 'honest-but-curious',
      threshold: 7,
      corruptClients,
      segments: [{ length: 1, bits: 8, bound: 'modular' }],
    })

  type Case = [what: string, corruptClients: number, pairs: Record<number, number[]>, named: number[]]
  test.each<Case>([
    ['nobody cheats, and yet there is a wrong share', 0, { 0: [1] }, []],
    ['nobody cheats, and yet one owner has two wrong shares', 0, { 4: [2, 3] }, []],
    ['one owner and one holder: either', 1, { 0: [1] }, []],
    ['one owner and two holders: the owner', 1, { 0: [1, 2] }, [0]],
    ['two owners and one holder: the holder', 1, { 3: [5], 4: [5] }, [5]],
    ['two owners and the same two holders: two cheat at least', 1, { 3: [5, 6], 4: [5, 6] }, []],
    ['two owners with two holders each: two cheat at least', 1, { 0: [1, 2], 3: [4, 5] }, []],
    ['an owner with two holders, and a pair besides: two cheat at least', 1, { 0: [1, 2], 3: [4] }, []],
    ['the same where two may', 2, { 0: [1, 2], 3: [4] }, []],
    ['an owner with three holders, and a pair besides', 2, { 0: [1, 2, 5], 3: [4] }, [0]],
    [
      'an owner with three holders, and two pairs besides: three cheat at least',
      2,
      { 0: [1, 2, 5], 3: [4], 6: [7] },
      [],
    ],
    ['two owners with three holders each', 2, { 0: [1, 2, 5], 3: [4, 5, 6] }, [0, 3]],
    [
      'three owners with three holders each: three cheat at least',
      2,
      { 0: [3, 4, 5], 1: [6, 7, 8], 2: [9, 10, 11] },
      [],
    ],
  ])('%s (n_C = %i)', (_what, corruptClients, pairs, named) => {
    const misfits = Object.entries(pairs).map(([owner, holders]) => {
      return { owner: Number(owner), holders, fitting: CLIENTS - holders.length }
    })
    expect(culpritsAmong(misfits, configOf(corruptClients))).toEqual(named)
  })

  test('whoever cheats, and whatever is seen of it: nobody honest is named, if no more cheat than may', async () => {
    let count = 0
    for (let seed = 0; seed < 400; seed++) {
      await seeded(seed, (random) => {
        const corruptClients = random.below(4)
        const cheating = new Set(random.shuffle(seatsBelow(CLIENTS)).slice(0, corruptClients))
        const misfits = seatsBelow(CLIENTS).flatMap((owner) => {
          const holders = seatsBelow(CLIENTS).filter((holder) => {
            return (cheating.has(owner) || cheating.has(holder)) && random.below(3) === 0
          })
          return random.below(4) === 0 ? [] : [{ owner, holders, fitting: CLIENTS - holders.length }]
        })
        const named = culpritsAmong(misfits, configOf(corruptClients))
        for (const seat of named) expect(cheating).toContain(seat)
        count += named.length
      })
    }
    expect(count).toBeGreaterThan(100)
  })
})

/** A round in which some clients deal what `spoil` makes of their shares, and some holders change what they reveal. */
async function dealing(
  parameters: { clients: number; corruptClients?: number },
  dealers: readonly number[],
  spoil: (share: Uint8Array, holder: number) => Uint8Array,
  liars: readonly number[] = [],
) {
  const codec = unmasking({ clients: parameters.clients, signatureLength: 0 }, seatsBelow(parameters.clients))
  return runCohort({
    adversary: 'honest-but-curious',
    ...parameters,
    clientOptions: (seat) =>
      dealers.includes(seat)
        ? { splitSecret: async (...request) => (await toySplitter(seat)(...request)).map(spoil) }
        : {},
    onClientMessage: (seat, phase, bytes) =>
      phase === 'unmasking' && liars.includes(seat)
        ? codec.write(codec.read(bytes).map((share) => ({ ...share, value: flipped(share.value, seat) })))
        : bytes,
  })
}

test('a tenth of nine clients is none: a dealer of one wrong share is not named, and neither is who holds it', async () => {
  const toHolder1 = (share: Uint8Array, holder: number) => (holder === 1 ? flipped(share) : share)
  const ran = await dealing({ clients: 9, corruptClients: 0 }, [0], toHolder1)
  expect(ran.outcome?.sum).toEqual(ran.expected)
  expect(ran.outcome?.report.wrongShares).toEqual([{ owner: 0, holder: 1 }])
  expect(ran.outcome?.report.culprits).toEqual([])
})

describe('a lost secret', () => {
  const random = toyCrypto(4)
  const noise = (share: Uint8Array): Uint8Array => random.randomBytes(share.length)

  // Twelve answers and t = 7: two wrong shares of a secret are corrected.
  test.each([
    ['no more liars than two could have prevented nothing', { corruptClients: 2 }, [4]],
    ['three liars could have', { corruptClients: 3 }, []],
    ['nobody cheats, and yet it is lost', { corruptClients: 0 }, []],
    ['as many cheat as the threshold withstands', {}, []],
  ])('of a dealer of noise; %s', async (_what, stated, culprits) => {
    const ran = await dealing({ clients: 12, ...stated }, [4], noise)
    expectError(ran.error, {
      code: 'wrong-share',
      fault: 'peer',
      phase: 'unmasking',
      culprits,
      concerning: [4],
    })
  })

  test('more dealers of noise than clients that cheat: nobody', async () => {
    const ran = await dealing({ clients: 12, corruptClients: 2 }, [3, 4, 8], noise)
    expectError(ran.error, { code: 'wrong-share', fault: 'peer', phase: 'unmasking', concerning: [3] })
  })

  test('of everybody, as more holders lie than clients cheat: nobody', async () => {
    const ran = await dealing({ clients: 30, corruptClients: 2 }, [], noise, seatsBelow(14))
    expectError(ran.error, { code: 'wrong-share', fault: 'peer', phase: 'unmasking', concerning: [0] })
  })
})

test('a client that copies the keys of another and comes first: nobody is named, and the other may come with new keys', async () => {
  const cohort = await makeCohort(CURIOUS)
  const codec = advertiseKeys(cohort.config)
  const genuine = codec.read(await cohort.sessions[3]!.start())
  await cohort.server.receive(1, codec.write(genuine))
  const receipt = await cohort.server.receive(3, codec.write(genuine))
  expectRefused(receipt, {
    code: 'duplicate-key',
    fault: 'peer',
    phase: 'advertise-keys',
    concerning: [1, 3],
  })
})

test('honest clients are refused as late, and else for nothing, though their messages come late, twice and in any order', async () => {
  const opened = await openedRound('masked-input', CURIOUS)
  const late = await opened.sessions[4]!.receive(opened.pending.get(4)!)
  const survivors = await finish(opened, { silent: [4] })
  expect(survivors).toEqual([0, 1, 2, 3])
  const receipts = [await opened.server.receive(4, late), await opened.server.receive(4, late)]
  for (const receipt of receipts) {
    expect(receipt.status === 'refused' && receipt.error).toBeInstanceOf(SecAggError)
    expect(receipt).toMatchObject({ status: 'refused', error: { code: 'late-message' } })
  }
  expect(opened.server.report.culprits).toEqual([])
})
