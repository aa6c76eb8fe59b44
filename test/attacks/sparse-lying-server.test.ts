import { chooseParameters, type RoundConfig, type Vector } from 'secagg'
import { executeMaskPlan, type MaskTerm, unpackVector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import {
  derivePairwiseSeed,
  deriveSealingKey,
  deriveSelfMaskSeed,
  sharesAssociatedData,
} from '../../src/protocol/keys.js'
import { interpolation } from '../../src/shamir/combine.js'
import { fieldFor } from '../../src/shamir/field.js'
import {
  forwardedSharesCoder,
  type PublishedKeys,
  publishedKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { type Cohort, type CohortOptions, makeCohort, run } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { advertiseKeys, codec, seatsBelow, shareKeys } from './support.js'

const assumptions = { corruptFraction: 0.05, dropoutFraction: 0.05 }
const VICTIM = 7

/** The graph that is chosen for a hundred clients and an honest-but-curious server. */
const chosen = chooseParameters({ ...assumptions, clients: 100, adversary: 'honest-but-curious' })
const { neighbors, threshold } = chosen

const parameters = {
  clients: 100,
  adversary: 'honest-but-curious',
  graph: { neighbors, assumptions },
  threshold,
  minimumCohort: 90,
} as const

const publishedKeys = codec<PublishedKeys>('publishedKeys', publishedKeysCoder(neighbors + 1, 0))

/** A round whose clients have masked their inputs; whom each was told of, with their keys, and what each has sent. */
async function maskedRound(options: CohortOptions) {
  const cohort = await makeCohort(options)
  const told = new Map<number, PublishedKeys>()
  const masked = new Map<number, Uint8Array>()
  const opened = await run(cohort, {
    until: 'unmasking',
    onServerMessage: (seat, phase, bytes) => {
      if (phase === 'share-keys') told.set(seat, publishedKeys.read(bytes))
      return bytes
    },
    onClientMessage: (seat, phase, bytes) => {
      if (phase === 'masked-input') masked.set(seat, bytes)
      return bytes
    },
  })
  expect(opened.error).toBeUndefined()
  return { ...opened, told, masked }
}

/** What of the victim the answers of its neighbors reveal, where `toldDead` of them hear that it has dropped out. */
async function splitView(opened: Awaited<ReturnType<typeof maskedRound>>, toldDead: number) {
  const { told, sessions } = opened
  const holders = told.get(VICTIM)!.flatMap(({ seat }) => (seat === VICTIM ? [] : [seat]))
  const shares = { selfMask: new Map<number, Uint8Array>(), maskKey: new Map<number, Uint8Array>() }
  for (const [index, holder] of holders.entries()) {
    const around = told.get(holder)!.map(({ seat }) => seat)
    const view = index < toldDead ? around.filter((seat) => seat !== VICTIM) : around
    const answer = await sessions[holder]!.receive(codec('survivors', survivorsCoder(around)).write(view))
    const revealed = codec('unmasking', unmaskingCoder(around, new Set(view))).read(answer)
    const { value } = revealed.find(({ seat }) => seat === VICTIM)!
    const which = value.length === 16 ? shares.selfMask : shares.maskKey
    which.set(index + 1, value)
  }
  return shares
}

/** The secret of which these are shares, each with its coordinate. */
function secretOf(
  shares: Iterable<readonly [coordinate: number, share: Uint8Array]>,
  { threshold, graph }: RoundConfig,
): Uint8Array {
  const few = [...shares].slice(0, threshold)
  expect(few).toHaveLength(threshold)
  const field = fieldFor(graph.kind === 'sparse' ? graph.neighbors : 0)
  const coordinates = few.map(([coordinate]) => coordinate)
  return interpolation(field, coordinates).secret(few.map(([, share]) => share))
}

/** What a masked vector of the victim is without the masks that the server has found out. */
async function withoutMasks(
  { config, crypto }: Cohort,
  bytes: Uint8Array,
  known: {
    readonly own: Uint8Array
    readonly others: readonly {
      readonly seat: number
      readonly publicKey: Uint8Array
      readonly agreement: Uint8Array
    }[]
    readonly selfMask: Uint8Array
  },
): Promise<Vector> {
  const own = { seat: VICTIM, publicKey: known.own }
  const masks = await Promise.all(
    known.others.map(async ({ agreement, ...other }): Promise<MaskTerm> => {
      const seed = await derivePairwiseSeed(config, crypto, agreement, own, other)
      return { seed, sign: VICTIM > other.seat ? -1 : 1 }
    }),
  )
  masks.push({ seed: await deriveSelfMaskSeed(config, crypto, known.selfMask, VICTIM), sign: -1 })
  const vector = unpackVector(bytes.slice(2), config.segments)
  await executeMaskPlan(vector, config.segments, masks, crypto.suites.aes!)
  return vector
}

describe('sparse: a server that names different survivors to different neighbors', () => {
  test('this graph does NOT protect: alone, it has t shares of both secrets of a client, and its input', async () => {
    expect(2 * threshold).toBeLessThanOrEqual(neighbors)
    const opened = await maskedRound(parameters)
    const { config, crypto, told, masked, inputs } = opened
    const { selfMask, maskKey } = await splitView(opened, threshold)
    const keys = told.get(VICTIM)!
    const others = keys.filter(({ seat }) => seat !== VICTIM)
    const agreements = await crypto.x25519.sharedSecrets(
      secretOf(maskKey, config),
      others.map(({ value }) => value.maskKey),
    )
    const learned = await withoutMasks(opened, masked.get(VICTIM)!, {
      own: keys.find(({ seat }) => seat === VICTIM)!.value.maskKey,
      others: others.map(({ seat, value }, i) => ({
        seat,
        publicKey: value.maskKey,
        agreement: agreements[i]!,
      })),
      selfMask: secretOf(selfMask, config),
    })
    expect(learned).toEqual(inputs[VICTIM])
  })

  test('where 2t > k, it has t shares of one of them at most', async () => {
    const safe = {
      ...parameters,
      clients: 20,
      minimumCohort: 15,
      threshold: neighbors / 2 + 1,
      graph: { neighbors, assumptions: 'unproven' },
    } as const
    for (let toldDead = 0; toldDead <= neighbors; toldDead++) {
      await named(`${toldDead} of ${neighbors} neighbors are told that the victim is dead`, async () => {
        const { selfMask, maskKey } = await splitView(await maskedRound(safe), toldDead)
        expect(selfMask.size + maskKey.size).toBe(neighbors)
        expect(Math.min(selfMask.size, maskKey.size)).toBeLessThan(safe.threshold)
      })
    }
  })
})

test('sparse: this graph does NOT protect against a server that makes up the neighbors of a client', async () => {
  const cohort = await makeCohort(parameters)
  const { config, crypto, inputs } = cohort
  const session = cohort.sessions[VICTIM]!
  const origin = advertiseKeys(config).read(await session.start())
  const madeUp = await Promise.all(
    seatsBelow(neighbors + 1)
      .filter((seat) => seat !== VICTIM)
      .map(async (seat) => {
        const [cipherSecret, maskSecret] = [crypto.randomBytes(32), crypto.randomBytes(32)]
        const cipherKey = await crypto.x25519.publicKey(cipherSecret)
        const maskKey = await crypto.x25519.publicKey(maskSecret)
        return { seat, cipherSecret, maskSecret, cipherKey, maskKey }
      }),
  )
  const signature = new Uint8Array(0)
  const published = madeUp.map(({ seat, cipherKey, maskKey }) => ({
    seat,
    value: { cipherKey, maskKey, signature },
  }))
  published.push({ seat: VICTIM, value: { ...origin, signature } })
  published.sort((a, b) => a.seat - b.seat)
  const sent = shareKeys(neighbors).read(await session.receive(publishedKeys.write(published)))
  const forwarded = madeUp.map(({ seat }) => ({ seat, value: new Uint8Array(64) }))
  const coder = forwardedSharesCoder(madeUp.map(({ seat }) => seat))
  const masked = await session.receive(codec('forwardedShares', coder).write(forwarded))

  // Its own ciphertexts, opened with its own keys, give b; its own mask keys give all other masks.
  const shares = await Promise.all(
    madeUp.map(async ({ seat, cipherSecret, cipherKey }, index) => {
      const [agreement] = await crypto.x25519.sharedSecrets(cipherSecret, [origin.cipherKey])
      const sender = { seat: VICTIM, publicKey: origin.cipherKey }
      const key = await deriveSealingKey(config, crypto, agreement!, sender, { seat, publicKey: cipherKey })
      const sealed = sent.ciphertexts.slice(64 * index, 64 * (index + 1))
      const pair = await crypto.suites.aes!.open(key, sharesAssociatedData(config, VICTIM, seat), sealed)
      return [index + 1, pair!.slice(32)] as const
    }),
  )
  const others = await Promise.all(
    madeUp.map(async ({ seat, maskSecret, maskKey }) => {
      const [agreement] = await crypto.x25519.sharedSecrets(maskSecret, [origin.maskKey])
      return { seat, publicKey: maskKey, agreement: agreement! }
    }),
  )
  const learned = await withoutMasks(cohort, masked, {
    own: origin.maskKey,
    others,
    selfMask: secretOf(shares, config),
  })
  expect(learned).toEqual(inputs[VICTIM])
})
