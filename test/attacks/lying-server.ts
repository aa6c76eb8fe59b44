import type { PhaseName, RoundConfig, RoundParameters, Vector } from 'secagg'
import { ClientSession, SecAggError } from 'secagg'
import { type ClientCapabilities, client } from 'secagg/protocol'
import {
  addInto,
  createVector,
  executeMaskPlan,
  type MaskTerm,
  reduceInto,
  unpackVector,
} from 'secagg/vector'
import { expect } from 'vitest'
import { chosenGraph } from '../../src/graph/chosen.js'
import { choiceLength, type Graph, publishableSeats } from '../../src/graph/index.js'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../../src/protocol/keys.js'
import { decodeClientSession } from '../../src/session/saved/saved-client.js'
import { interpolation } from '../../src/shamir/combine.js'
import { fieldFor } from '../../src/shamir/field.js'
import {
  type Acknowledgements,
  acknowledgementsCoder,
  advertiseKeysCoder,
  forwardedSharesCoder,
  type Inclusion,
  livingOwnersCoder,
  type PublishedKeys,
  publishedKeysCoder,
  SEALED_SHARES_LENGTH,
  type Seated,
  shareKeysCoder,
  type UnmaskingShares,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { type Cohort, type CohortOptions, makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { leaked, summed } from './game/algebra.js'
import { type Draw, judge } from './game/draw.js'
import { members } from './game/seats.js'
import { codec, hexOf, seatsBelow } from './support.js'
import { type ClientSteps, openShares } from './weakened/clients.js'

// A server that lies to real sessions on the sparse graph, where clients draw their holders. It tells each client what it
// likes, and computes from the answers all that follows from them.

/** Fourteen clients draw seven holders each, of which five recover a secret. Up to two holders of a client may be corrupt. */
export const CHOSEN: CohortOptions & Required<Pick<RoundParameters, 'threshold'>> = {
  clients: 14,
  adversary: 'active',
  graph: { neighbors: 7, assumptions: 'unproven' },
  threshold: 5,
  minimumCohort: 8,
}

/** What the server says to the client at `to`. Where nothing is given it says the truth. */
export interface Lies {
  /** Corrupt clients. They follow the protocol and show the server everything they have. */
  readonly helpers?: readonly number[]
  /** Which of these neighbors are in U1, and in U2. */
  inU1?(to: number, neighbors: readonly number[]): readonly number[]
  inU2?(to: number, neighbors: readonly number[]): readonly number[]
  /** Which of them are in U2 when the client has sent its vector, and was then restored to the state before. */
  inU2OnceMore?(to: number, neighbors: readonly number[]): readonly number[] | undefined
  /** Which of these owners are alive. */
  alive?(to: number, owners: readonly number[]): readonly number[]
  /**
   * What it says when the client has acknowledged the owners above, and was then restored to an older state than its last,
   * which no client can tell.
   */
  aliveOnceMore?(to: number, owners: readonly number[]): readonly number[]
  /** Changes the message with the keys. */
  keys?(to: number, entries: PublishedKeys): PublishedKeys
  /** The proof that it shows of `owner`. */
  proof?(to: number, owner: number, genuine: Inclusion): Inclusion
  /** The acknowledgements that it passes on, instead of those that it has received for this client. */
  acknowledgements?(
    to: number,
    received: Acknowledgements,
    known: KnownSoFar,
  ): Acknowledgements | Promise<Acknowledgements>
  /** It hears what a client has acknowledged. */
  acknowledged?(from: number, sent: Acknowledgements): void
  /** Whether it asks clients that did not unmask once more, as long as others have since, with what it has learned by then. */
  readonly persists?: boolean
  /** Private mask keys of an earlier run or its own, by the public key in hexadecimal. */
  readonly maskSecrets?: ReadonlyMap<string, Uint8Array>
  /** Steps of honest clients that lack a check. */
  readonly weakened?: ClientSteps
}

/** What the server has found out in the middle of phase 4. */
interface KnownSoFar {
  /** The private mask key of a client, if t shares of it are there. */
  maskSecret(seat: number): Uint8Array | undefined
}

/** What came of it. */
export interface Outcome extends Cohort {
  readonly graph: Graph
  /** The events E1 and E2 on this graph, with the helpers corrupt. */
  readonly draw: Draw
  readonly refusals: readonly { readonly seat: number; readonly error: SecAggError }[]
  /** The shares that each honest client has revealed. */
  readonly revealed: ReadonlyMap<number, UnmaskingShares>
  /** The owners of which the server has t shares of b, and of s^SK. */
  readonly known: { readonly selfMasks: readonly number[]; readonly maskKeys: readonly number[] }
  /** The private mask keys that it has found out, for {@link Lies.maskSecrets}. */
  readonly maskSecrets: ReadonlyMap<string, Uint8Array>
  /** What the server can compute: the honest clients whose inputs are added. */
  readonly sums: readonly (readonly number[])[]
  /** The sum of the inputs of these clients, computed from messages and from what helpers know. */
  computed(seats: readonly number[]): Promise<Vector>
  /** The same sum from the inputs. */
  exact(seats: readonly number[]): Vector
  /** What clients have sent and saved, for a later run. */
  readonly keysOf: ReadonlyMap<number, PublishedKeys[number]['value']>
  readonly proofs: ReadonlyMap<number, Inclusion>
  /** The masked vectors that clients have sent, by seat: several of those that were restored in between. */
  readonly vectors: ReadonlyMap<number, readonly Vector[]>
  /** The last vector of a client without the mask that follows from b. */
  withoutSelfMask(seat: number): Promise<Vector>
  readonly acknowledged: ReadonlyMap<number, Acknowledgements>
}

export async function lie(options: CohortOptions, lies: Lies = {}): Promise<Outcome> {
  const forms = new Map<number, Uint8Array>()
  const cohort = await makeCohort({
    ...options,
    clientOptions: (seat) => ({
      ...options.clientOptions?.(seat),
      save: (bytes) => void forms.set(seat, Uint8Array.from(bytes)),
    }),
  })
  return lieTo(cohort, forms, lies)
}

async function lieTo(cohort: Cohort, forms: Map<number, Uint8Array>, lies: Lies): Promise<Outcome> {
  const { config, crypto, signers, verifyIdentity } = cohort
  const sessions = [...cohort.sessions]
  const { neighbors: k } = config.graph as { neighbors: number }
  const { helpers = [], weakened = {} } = lies
  const seats = seatsBelow(config.clients)
  const honest = seats.filter((seat) => !helpers.includes(seat))
  const refusals: { seat: number; error: SecAggError }[] = []
  const stateOf = <S extends client.ClientState>(seat: number): S =>
    decodeClientSession(forms.get(seat)!, config).state as S
  const capabilities = (seat: number): ClientCapabilities => ({
    crypto,
    signer: signers[seat],
    verifyIdentity,
    splitSecret: () => Promise.reject(new Error('no secret is due')),
  })
  const restored = (seat: number, form: Uint8Array): ClientSession =>
    ClientSession.resume(form, {
      config,
      input: cohort.inputs[seat]!,
      crypto,
      signer: signers[seat],
      verifyIdentity,
      save: (bytes) => void forms.set(seat, Uint8Array.from(bytes)),
    })
  /** The answer; `undefined` if the client refuses. A client that has refused can be asked again. */
  const attempt = async <T>(seat: number, work: () => Promise<T>): Promise<T | SecAggError> => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof SecAggError)) throw error
      refusals.push({ seat, error })
      return error
    }
  }

  // Phase 0.
  const advertised = codec('advertiseKeys', advertiseKeysCoder(64, choiceLength(config.graph)))
  const keysOf = new Map<number, PublishedKeys[number]['value']>()
  const maskSecrets = new Map<number, Uint8Array>()
  for (const seat of seats) {
    const { configurationHash: _, ...keys } = advertised.read(await sessions[seat]!.start())
    keysOf.set(seat, keys)
    if (helpers.includes(seat)) {
      maskSecrets.set(seat, stateOf<client.ClientAdvertised>(seat).maskKeyPair.privateKey)
    }
  }
  const graph = chosenGraph(
    { hash: config.hash, clients: config.clients, neighbors: k },
    seats.map((seat) => ({ seat, choice: keysOf.get(seat)!.choice! })),
  )

  // Phase 1. What a client seals goes to its holders among those that it was told of.
  const toldU1 = new Map<number, readonly number[]>()
  const sealed = new Map<string, Uint8Array>()
  const toldKeys = new Map<string, Uint8Array>()
  const shared = new Map<number, client.ClientShared>()
  const published = codec(
    'publishedKeys',
    publishedKeysCoder(publishableSeats(config.graph, config.clients), 64, 16),
  )
  for (const seat of seats) {
    const told = lies.inU1?.(seat, graph.maskNeighbors(seat)) ?? graph.maskNeighbors(seat)
    const entries = [...told, seat]
      .sort((a, b) => a - b)
      .map((each) => ({ seat: each, value: keysOf.get(each)! }))
    const shown = lies.keys?.(seat, entries) ?? entries
    const answer = await attempt(seat, () => sessions[seat]!.receive(published.write(shown)))
    if (answer instanceof SecAggError) continue
    toldU1.set(seat, told)
    for (const entry of shown) toldKeys.set(`${seat} ${entry.seat}`, entry.value.maskKey)
    shared.set(seat, stateOf(seat))
    const { peers } = shared.get(seat)!
    const to = peers.filter(({ choice }) => choice!.isHolder).map((peer) => peer.seat)
    const { ciphertexts } = codec('shareKeys', shareKeysCoder(to.length)).read(answer)
    to.forEach((holder, index) => {
      const start = index * SEALED_SHARES_LENGTH
      sealed.set(`${seat} ${holder}`, ciphertexts.slice(start, start + SEALED_SHARES_LENGTH))
    })
  }

  // Phase 2.
  const toldU2 = new Map<number, readonly number[]>()
  const proofs = new Map<number, Inclusion>()
  const vectors = new Map<number, readonly Vector[]>()
  for (const [seat, inU1] of toldU1) {
    const { peers } = stateOf<client.ClientShared>(seat)
    const mayShow = inU1.filter((other) => toldU1.has(other))
    const owners = peers.filter(({ choice }) => choice!.place !== undefined).map((peer) => peer.seat)
    const coder = codec('forwardedShares', forwardedSharesCoder(inU1, new Set(owners)))
    const tell = async (told: readonly number[]): Promise<boolean> => {
      const entries = told.map((other) => ({
        seat: other,
        value: owners.includes(other)
          ? (sealed.get(`${other} ${seat}`) ?? new Uint8Array(SEALED_SHARES_LENGTH))
          : new Uint8Array(0),
      }))
      const answer = await attempt(seat, () => sessions[seat]!.receive(coder.write(entries)))
      if (answer instanceof SecAggError) return false
      toldU2.set(seat, told)
      const bits = Math.ceil(k / 8)
      proofs.set(seat, { holders: answer.slice(2, 2 + bits), signature: answer.slice(2 + bits, 66 + bits) })
      const vector = unpackVector(answer.slice(66 + bits), config.segments)
      vectors.set(seat, [...(vectors.get(seat) ?? []), vector])
      return true
    }
    const before = forms.get(seat)!
    const isAnswered = await tell(lies.inU2?.(seat, mayShow) ?? mayShow)
    const again = lies.inU2OnceMore?.(seat, mayShow)
    if (!isAnswered || again === undefined) continue
    sessions[seat] = restored(seat, before)
    await tell(again)
  }

  // Phase 3. Where a client refuses an owner that is said to be alive, the server says that this owner is dead.
  const masked = new Map([...toldU2.keys()].map((seat) => [seat, stateOf<client.ClientMasked>(seat)]))
  const olderForms = new Map(forms)
  const acknowledging = new Map<number, client.ClientAcknowledging>()
  const acknowledged = new Map<number, Acknowledgements>()
  for (const [seat, state] of masked) {
    const owners = client.ownerSeats(state)
    let alive = (lies.alive?.(seat, owners) ?? owners).filter((owner) => proofs.has(owner))
    for (;;) {
      const living = alive.map((owner) => {
        const genuine = proofs.get(owner)!
        return { seat: owner, value: lies.proof?.(seat, owner, genuine) ?? genuine }
      })
      const message = codec('livingOwners', livingOwnersCoder(owners, k, 64)).write(living)
      const answer = await attempt(seat, async () => {
        if (weakened.acknowledge !== undefined) {
          const next = await weakened.acknowledge(state, living, capabilities(seat), shared.get(seat)!)
          acknowledging.set(seat, next)
          return next.outbound
        }
        const bytes = await sessions[seat]!.receive(message)
        acknowledging.set(seat, stateOf<client.ClientAcknowledging>(seat))
        return codec('acknowledgements', acknowledgementsCoder(alive)).read(bytes)
      })
      if (answer instanceof SecAggError) {
        if (answer.concerning.length === 0) break
        alive = alive.filter((owner) => !answer.concerning.includes(owner))
        continue
      }
      acknowledged.set(seat, answer)
      lies.acknowledged?.(seat, answer)
      break
    }
    if (lies.aliveOnceMore === undefined) continue
    const session = restored(seat, olderForms.get(seat)!)
    const living = lies
      .aliveOnceMore(seat, owners)
      .map((owner) => ({ seat: owner, value: proofs.get(owner)! }))
    await session.receive(codec('livingOwners', livingOwnersCoder(owners, k, 64)).write(living))
    acknowledging.set(seat, stateOf<client.ClientAcknowledging>(seat))
    sessions[seat] = session
  }

  // Phase 4.
  const shares = new Shares(graph, config)
  for (const helper of helpers) {
    // Without an answer of the server it has stopped, and has no shares.
    const state = masked.get(helper)
    if (state === undefined) continue
    for (const owner of client.ownerSeats(state)) {
      const pair = await openShares(config, crypto, state, owner)
      if (pair === undefined) continue
      shares.add(helper, [{ seat: owner, value: pair.maskKey }])
      shares.add(helper, [{ seat: owner, value: pair.selfMask }])
    }
  }
  const isShared = (seat: number): boolean => shares.of(seat, 32).size >= config.threshold
  const known: KnownSoFar = {
    maskSecret: (seat) => maskSecrets.get(seat) ?? (isShared(seat) ? shares.secret(seat, 32) : undefined),
  }
  const revealed = new Map<number, UnmaskingShares>()
  const unmask = async (seat: number, state: client.ClientAcknowledging): Promise<boolean> => {
    const received = graph.holders(seat).flatMap((holder): Seated<Uint8Array>[] => {
      const entry = acknowledged.get(holder)?.find(({ seat: owner }) => owner === seat)
      return entry === undefined ? [] : [{ seat: holder, value: entry.value }]
    })
    const expected = state.expected.map(({ seat: holder }) => holder)
    const passedOn = (await lies.acknowledgements?.(seat, received, known)) ?? received
    // The message to a real client has no place for other seats.
    const forwarded = passedOn.filter((entry) => expected.includes(entry.seat))
    const answer = await attempt(seat, async () => {
      if (weakened.unmask !== undefined) return weakened.unmask(state, passedOn, capabilities(seat))
      if (weakened.acknowledge !== undefined) {
        return (await client.unmask(state, forwarded, capabilities(seat))).outbound
      }
      const coder = codec('collectedAcknowledgements', acknowledgementsCoder(expected))
      const bytes = await sessions[seat]!.receive(coder.write(forwarded))
      return codec('unmasking', unmaskingCoder(state.owners, new Set(state.survivors))).read(bytes)
    })
    if (answer instanceof SecAggError) return false
    if (!helpers.includes(seat)) revealed.set(seat, answer)
    shares.add(seat, answer)
    acknowledging.delete(seat)
    return true
  }
  for (let goesOn = true; goesOn; ) {
    goesOn = false
    for (const [seat, state] of acknowledging) {
      if (await unmask(seat, state)) goesOn = lies.persists === true
    }
  }

  const selfMasks = honest.filter((seat) => shares.of(seat, 16).size >= config.threshold)
  const publicKeyOf = (seat: number): string => hexOf(keysOf.get(seat)!.maskKey)
  const maskKeys = honest.filter((seat) => isShared(seat) || lies.maskSecrets?.has(publicKeyOf(seat)))
  for (const seat of maskKeys) {
    maskSecrets.set(seat, lies.maskSecrets?.get(publicKeyOf(seat)) ?? shares.secret(seat, 32))
  }
  /** The private part of the key that `seat` was shown of `other`. */
  const secretShown = (seat: number, other: number): Uint8Array | undefined => {
    const shown = hexOf(toldKeys.get(`${seat} ${other}`)!)
    return shown === publicKeyOf(other) ? maskSecrets.get(other) : lies.maskSecrets?.get(shown)
  }
  const drawn = {
    n: config.clients,
    k,
    threshold: config.threshold,
    holders: seats.map((seat) => bitsOf(graph.holders(seat))),
    abandoned: [],
  }
  const draw = judged(drawn, bitsOf(helpers))
  const combinations = leaked(draw, {
    masked: honest.flatMap((seat) => {
      const told = toldU2.get(seat)
      return told === undefined ? [] : [{ seat, neighbors: bitsOf(told) }]
    }),
    knownB: bitsOf(selfMasks),
    knownS: bitsOf(maskKeys),
    replacedKeys: seats.map((seat) =>
      bitsOf(
        (toldU2.get(seat) ?? []).filter(
          (other) => !maskSecrets.has(other) && secretShown(seat, other) !== undefined,
        ),
      ),
    ),
  })

  const { segments } = config
  const remove = (from: Vector, masks: readonly MaskTerm[]): Promise<void> =>
    executeMaskPlan(from, segments, masks, crypto.suites[config.suite]!)
  const withoutSelfMask = async (seat: number): Promise<Vector> => {
    const vector = createVector(segments)
    addInto(vector, vectors.get(seat)!.at(-1)!, segments)
    const seed = await deriveSelfMaskSeed(config, crypto, shares.secret(seat, 16), seat)
    await remove(vector, [{ seed, sign: -1 }])
    reduceInto(vector, segments)
    return vector
  }
  const computed = async (wanted: readonly number[]): Promise<Vector> => {
    const sum = createVector(segments)
    for (const seat of wanted) {
      addInto(sum, await withoutSelfMask(seat), segments)
      const masks: MaskTerm[] = []
      for (const other of toldU2.get(seat)!) {
        if (wanted.includes(other) && toldU2.get(other)!.includes(seat)) continue
        const own = { seat, publicKey: keysOf.get(seat)!.maskKey }
        const theirs = { seat: other, publicKey: toldKeys.get(`${seat} ${other}`)! }
        const isOwn = maskSecrets.has(seat)
        const secret = isOwn ? maskSecrets.get(seat) : secretShown(seat, other)
        if (secret === undefined) throw new Error(`the mask of ${seat} and ${other} is not known`)
        const [agreement] = await crypto.x25519.sharedSecrets(secret, [(isOwn ? theirs : own).publicKey])
        const seed = await derivePairwiseSeed(config, crypto, agreement!, own, theirs)
        masks.push({ seed, sign: seat > other ? -1 : 1 })
      }
      await remove(sum, masks)
    }
    reduceInto(sum, segments)
    return sum
  }
  return {
    ...cohort,
    graph,
    draw,
    refusals,
    revealed,
    known: { selfMasks, maskKeys },
    maskSecrets: new Map([...maskSecrets].map(([seat, secret]) => [publicKeyOf(seat), secret])),
    sums: combinations.map((combination) => members(summed(combination)!)),
    computed,
    exact: (wanted) => sumOf(config, wanted, cohort.inputs),
    keysOf,
    proofs,
    vectors,
    withoutSelfMask,
    acknowledged,
  }
}

/** Graphs of which it is known whether E1 and E2 hold: many lies are told on the same one. */
const judgments = new Map<string, Draw>()

function judged(drawn: Parameters<typeof judge>[0], corrupt: number): Draw {
  const key = JSON.stringify([drawn, corrupt])
  const known = judgments.get(key) ?? judge(drawn, corrupt, corrupt, () => 1)
  judgments.set(key, known)
  return known
}

/** The shares that the server has, by owner, kind and holder. */
class Shares {
  readonly #graph: Graph
  readonly #config: RoundConfig
  readonly #shares = new Map<string, Map<number, Uint8Array>>()

  constructor(graph: Graph, config: RoundConfig) {
    this.#graph = graph
    this.#config = config
  }

  add(holder: number, revealed: UnmaskingShares): void {
    for (const { seat: owner, value } of revealed) {
      const holders = this.#graph.holders(owner)
      const others = this.#graph.owners(owner).filter((seat) => !holders.includes(seat))
      // Only a weakened client has shares for others as well.
      const coordinate = [...holders, ...others].indexOf(holder) + 1
      this.of(owner, value.length).set(coordinate, value)
    }
  }

  /** Of b (16 bytes) or of s^SK (32 bytes), by coordinate. */
  of(owner: number, length: number): Map<number, Uint8Array> {
    const key = `${owner} ${length}`
    const held = this.#shares.get(key) ?? new Map<number, Uint8Array>()
    this.#shares.set(key, held)
    return held
  }

  secret(owner: number, length: number): Uint8Array {
    const { threshold, graph } = this.#config
    const few = [...this.of(owner, length)].slice(0, threshold)
    if (few.length < threshold) throw new Error(`only ${few.length} shares of seat ${owner}`)
    const field = fieldFor((graph as { neighbors: number }).neighbors)
    const coordinates = few.map(([coordinate]) => coordinate)
    return interpolation(field, coordinates).secret(few.map(([, share]) => share))
  }
}

function bitsOf(seats: readonly number[]): number {
  return seats.reduce((set, seat) => set | (1 << seat), 0)
}

/** What the clients can count on: E1 and E2 hold, and at most one sum came out, of more than half of the clients. */
export async function expectClaim(outcome: Outcome): Promise<void> {
  const { draw, sums, config, known } = outcome
  expect(draw.e1 && draw.e2, 'the draw is one about which something is claimed').toBe(true)
  expect(known.selfMasks.filter((seat) => known.maskKeys.includes(seat))).toEqual([])
  expect(sums.length).toBeLessThanOrEqual(1)
  for (const seats of sums) {
    expect(seats.length).toBeGreaterThan(config.clients / 2)
    expect(await outcome.computed(seats)).toEqual(outcome.exact(seats))
  }
}

/** Each of `seats` has refused for this reason, and nobody else has refused anything. */
export function expectRefusals(
  { refusals }: Outcome,
  seats: readonly number[],
  expected: { code: string; phase: PhaseName; concerning?: readonly number[] },
): void {
  expect([...new Set(refusals.map(({ seat }) => seat))].sort((a, b) => a - b)).toEqual(
    [...seats].sort((a, b) => a - b),
  )
  for (const { error } of refusals) {
    expect(error).toMatchObject({ fault: 'server', culprits: [], ...expected })
  }
}
