import type { SecretSplitter } from 'secagg'
import { describe, expect, test } from 'vitest'
import { type CohortOptions, type CohortRun, type RunOptions, runCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { ACTIVE, CURIOUS, expectError, flipped, MODELS, seatsBelow, shareKeys, unmasking } from './support.js'

type Round = CohortOptions & RunOptions

/** The stages of a client that vanishes once it has shared its secrets, and so is in U2 and not in U3. */
const DROPS = 2

/** The exact sum in spite of these shares; nobody can tell whether holder or owner is to blame. */
function expectCorrected(ran: CohortRun, wrong: readonly { owner: number; holder: number }[]): void {
  expect(ran.error).toBeUndefined()
  expect(ran.outcome?.sum).toEqual(ran.expected)
  expect(ran.outcome?.report.wrongShares).toEqual(wrong)
  expect(ran.outcome?.report.culprits).toEqual([])
}

function expectWrongShare(ran: CohortRun, owner: number): void {
  expect(ran.outcome).toBeUndefined()
  expectError(ran.error, { code: 'wrong-share', fault: 'peer', phase: 'unmasking', concerning: [owner] })
}

/** One holder flips a bit of its share of one owner's secret. */
function flipping(
  round: Round,
  holder: number,
  owner: number,
  index: number,
  bit: number,
): Promise<CohortRun> {
  const alive = seatsBelow(round.clients).filter((seat) => round.stages?.[seat] !== DROPS)
  const codec = unmasking({ clients: round.clients, signatureLength: 0 }, alive)
  return runCohort({
    ...round,
    onClientMessage: (seat, current, bytes) => {
      if (seat !== holder || current !== 'unmasking') return bytes
      const shares = codec.read(bytes)
      return codec.write(
        shares.map((share) =>
          share.seat === owner ? { seat: owner, value: flipped(share.value, index, bit) } : share,
        ),
      )
    },
  })
}

describe.each(MODELS)('$adversary: a holder flips one bit of one share', (model) => {
  // As many answers as the threshold, so that no other share could make up for it.
  const spare = model === ACTIVE ? 0 : 1
  const stages = [9, 9, 9, 9 - spare * 6, DROPS]
  const answering = seatsBelow(4 - spare)

  test('of b: no sum, whoever it is and whose secret it is', async () => {
    for (const holder of answering) {
      for (const owner of seatsBelow(4)) {
        await named(`holder ${holder}, owner ${owner}`, async () => {
          expectWrongShare(await flipping({ ...model, stages }, holder, owner, holder + owner, owner), owner)
        })
      }
    }
  })

  test('of the mask key of a client that dropped out: no sum', async () => {
    for (const holder of answering) {
      for (const index of [0, 1, 15, 30, 31]) {
        await named(`holder ${holder}, byte ${index}`, async () => {
          expectWrongShare(await flipping({ ...model, stages }, holder, 4, index, holder), 4)
        })
      }
    }
  })

  test('with more answers than needed: the exact sum, and the pair is reported', async () => {
    const threshold = model === ACTIVE ? 4 : 3
    for (const holder of seatsBelow(5)) {
      for (const owner of seatsBelow(5)) {
        await named(`holder ${holder}, owner ${owner}`, async () => {
          // Beyond the first t answers nobody looks, since the secret is there.
          const wrong = holder < threshold ? [{ owner, holder }] : []
          expectCorrected(await flipping(model, holder, owner, 3, 3), wrong)
        })
      }
    }
  })
})

test('one bad share out of ten with threshold six: the exact sum', async () => {
  for (const holder of seatsBelow(10)) {
    await named(`holder ${holder}`, async () => {
      const ran = await flipping({ ...CURIOUS, clients: 10 }, holder, 7, 0, 0)
      expectCorrected(ran, holder < 6 ? [{ owner: 7, holder }] : [])
    })
  }
})

test('so many liars that no choice that is tried does without them: no sum, after a bounded time', async () => {
  const clients = 40
  const liars = seatsBelow(19)
  const codec = unmasking({ clients, signatureLength: 0 }, seatsBelow(clients))
  const ran = await runCohort({
    ...CURIOUS,
    clients,
    onClientMessage: (seat, phase, bytes) =>
      phase === 'unmasking' && liars.includes(seat)
        ? codec.write(codec.read(bytes).map((share) => ({ ...share, value: flipped(share.value, seat) })))
        : bytes,
  })
  expectWrongShare(ran, 0)
})

test('bits all over a share count', async () => {
  const stages = [9, 9, 9, 3, DROPS]
  for (let bit = 0; bit < 128; bit += 3) {
    const ran = await flipping({ ...CURIOUS, stages }, 0, 1, bit >>> 3, bit & 7)
    await named(`bit ${bit} of b`, () => expectWrongShare(ran, 1))
  }
  for (let bit = 0; bit < 256; bit += 7) {
    const ran = await flipping({ ...CURIOUS, stages }, 2, 4, bit >>> 3, bit & 7)
    await named(`bit ${bit} of the mask key`, () => expectWrongShare(ran, 4))
  }
})

describe.each(MODELS)('$adversary: client 4 deals', (model) => {
  const honest = toySplitter(5)

  /** Client 4 splits its mask key with the first splitter and b with the second. */
  function dealing(
    keySplitter: SecretSplitter,
    maskSplitter: SecretSplitter,
    drops: boolean,
  ): Promise<CohortRun> {
    const splitSecret: SecretSplitter = (secret, ...rest) =>
      (secret.length === 32 ? keySplitter : maskSplitter)(secret, ...rest)
    return runCohort({
      ...model,
      stages: drops ? [9, 9, 9, 9, DROPS] : [],
      clientOptions: (seat) => (seat === 4 ? { splitSecret } : {}),
    })
  }

  const random = toyCrypto(8)
  const noise: SecretSplitter = async (secret, _, holders) =>
    Array.from({ length: holders }, () => random.randomBytes(secret.length))
  const another: SecretSplitter = (secret, ...rest) => honest(flipped(secret, 7), ...rest)
  const oneWrong: SecretSplitter = async (...request) =>
    (await honest(...request)).map((share, index) => (index === 0 ? flipped(share) : share))

  test.each([
    { what: 'noise', splitter: noise },
    { what: 'shares of another secret', splitter: another },
    { what: 'one share that does not fit the others', splitter: oneWrong },
  ])('$what, where nobody needs them: the exact sum', async ({ splitter }) => {
    const unneeded = [await dealing(splitter, honest, false), await dealing(honest, splitter, true)]
    for (const ran of unneeded) expectCorrected(ran, [])
  })

  test('one share that does not fit the others: the exact sum, where there are answers to spare', async () => {
    expectCorrected(await dealing(honest, oneWrong, false), [{ owner: 4, holder: 0 }])
    const dropped = await dealing(oneWrong, honest, true)
    // With client 4 gone, the active model has as many answers as it needs and no more.
    if (model === ACTIVE) expectWrongShare(dropped, 4)
    else expectCorrected(dropped, [{ owner: 4, holder: 0 }])
  })

  test.each([
    { what: 'noise', splitter: noise },
    { what: 'shares of another secret', splitter: another },
  ])('$what, where no choice of shares gives the right secret: no sum', async ({ splitter }) => {
    expectWrongShare(await dealing(honest, splitter, false), 4)
    expectWrongShare(await dealing(splitter, honest, true), 4)
  })
})

describe.each(MODELS)('$adversary: client 1 commits', (model) => {
  const codec = shareKeys(4)

  /** Client 1 sends what `forge` makes of its message of round 1 and that of client 0. */
  async function committing(forge: (own: Uint8Array, first: Uint8Array) => Uint8Array): Promise<CohortRun> {
    let first: Uint8Array | undefined
    return runCohort({
      ...model,
      onClientMessage: (seat, phase, bytes) => {
        if (phase === 'share-keys' && seat === 0) first = bytes
        return phase === 'share-keys' && seat === 1 ? forge(bytes, first!) : bytes
      },
    })
  }

  test('to something else than it shares: no sum', async () => {
    const ran = await committing((own) => {
      const message = codec.read(own)
      return codec.write({ ...message, commitment: flipped(message.commitment, 9) })
    })
    expectWrongShare(ran, 1)
  })

  test('to what client 0 has committed to: no sum', async () => {
    const ran = await committing((own, first) =>
      codec.write({ ...codec.read(own), commitment: codec.read(first).commitment }),
    )
    expectWrongShare(ran, 1)
  })

  test('to what client 0 has, and passes on client 0’s ciphertexts as its own: no sum', async () => {
    const ran = await committing((_, first) => first)
    // The ciphertexts open for nobody, so client 1's own share is all there is.
    const expected = { code: 'too-few-shares', fault: 'peer', phase: 'unmasking', concerning: [1] } as const
    expectError(ran.error, expected)
  })
})
