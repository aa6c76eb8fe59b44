import { concat, equal, hex } from '../bytes.js'
import { admitted, withHolders } from '../choice.js'
import type { Configuration } from '../configuration.js'
import { Graph } from '../graph.js'
import { readParcel } from '../hybrid.js'
import * as keys from '../keys.js'
import { demand, message, Reader, type Round, seatSet, TYPE, VERSION } from '../messages.js'
import { type Enrolment, everybody, whoSigned } from '../parties.js'
import { isAcceptableKemKey, isAcceptablePublicKey } from '../primitives.js'
import { minimumPresent, partOf } from '../proof.js'
import { add, sliceCount, sliceSegments, unpack, type Vector, zero } from '../vectors.js'
import { judge } from './mask-secrets.js'
import { isOver, typesOf } from './order.js'
import {
  acknowledgementsOf,
  announcedSurvivors,
  collectedAcknowledgements,
  forwardedShares,
  livingOwners,
  messagesTo,
  publishedKeys,
} from './outbound.js'
import { type Member, masksToRemove, reconstruct, removeMasks } from './reconstruct.js'

// Section "The server" of the specification.

/** The server of one round: bytes in, bytes out. */
export class Server {
  readonly configuration: Configuration
  readonly enrolment: Enrolment
  readonly #drawRing: (seats: readonly number[]) => readonly number[]
  round: Round | undefined = 'advertise-keys'
  graph: Graph | undefined
  /** U1, from round 1 on; in round 0 those whose keys are accepted. */
  u1: Map<number, Member> = new Map()
  u2: Map<number, Member> = new Map()
  u3: readonly number[] = []
  /** [active] U4 and its signatures; empty on the chosen graph. */
  u4: Map<number, Uint8Array> = new Map()
  /** [chosen] Of U2, what stood in front of their masked inputs. */
  readonly inclusions: Map<number, Uint8Array> = new Map()
  /** [chosen] Of U4, by owner. */
  acknowledgements: Map<number, ReadonlyMap<number, Uint8Array>> = new Map()
  /** [hybrid] Whom clients complain about, by author. */
  readonly complaints: Map<number, readonly number[]> = new Map()
  u5: Map<number, ReadonlyMap<number, Uint8Array>> = new Map()
  /** Σ y over U3. */
  maskedSum: Vector
  /** D, in the active model. */
  published: Uint8Array | undefined
  secrets: ReturnType<typeof reconstruct> = []
  removed: ReturnType<typeof masksToRemove> = []
  sum: Vector | undefined
  /** [hybrid] Who is at fault, with a sum. */
  culprits: readonly number[] = []
  /** Accepted messages by seat. */
  readonly #accepted = new Map<number, Uint8Array[]>()
  /** By seat; of those with all slices there. */
  readonly #vectors = new Map<number, Vector[]>()

  constructor(
    configuration: Configuration,
    enrolment: Enrolment,
    drawRing: (seats: readonly number[]) => readonly number[],
  ) {
    this.configuration = configuration
    this.enrolment = enrolment
    this.#drawRing = drawRing
    this.maskedSum = zero(configuration.segments)
  }

  /** Takes in a message; whether it was new. */
  receive(seat: number, bytes: Uint8Array): boolean {
    const round = this.round ?? 'unmasking'
    const repeats = this.#accepted.get(seat)?.some((each) => equal(each, bytes))
    if (repeats) return false
    demand(bytes.length >= 2, 'malformed-message', round)
    demand(bytes[0] === VERSION, 'unsupported-version', round)
    const type = bytes[1]!
    demand(!isOver(this.configuration, this.round, type), 'late-message', round)
    demand(typesOf(this.configuration, round).includes(type), 'unexpected-message', round)
    demand(this.#takesPart(seat, round), 'unknown-seat', round)
    const isSlice = type === TYPE.maskedSlice
    const slice = isSlice ? new Reader(bytes, type, round).integer(4) : 0
    demand(slice < (isSlice ? sliceCount(this.configuration) : 1), 'malformed-message', round)
    const isOfThatKind = (each: Uint8Array): boolean =>
      equal(each.slice(1, isSlice ? 6 : 2), bytes.slice(1, isSlice ? 6 : 2))
    demand(!this.#accepted.get(seat)?.some(isOfThatKind), 'conflicting-message', round)
    if (round === 'masked-input') {
      const isOther = type === TYPE.complaint ? this.#vectors.has(seat) : this.complaints.has(seat)
      demand(!isOther, 'conflicting-message', round)
    }
    this.#take(seat, bytes, round)
    this.#accepted.set(seat, [...(this.#accepted.get(seat) ?? []), bytes])
    return true
  }

  #take(seat: number, bytes: Uint8Array, round: Round): void {
    switch (round) {
      case 'advertise-keys':
        this.#takeKeys(seat, bytes)
        break
      case 'share-keys':
        this.#takeShares(seat, bytes)
        break
      case 'masked-input':
        if (bytes[1] === TYPE.complaint) this.#takeComplaint(seat, bytes)
        else this.#takeMasked(seat, bytes)
        break
      case 'consistency-check':
        if (this.#isChosen) this.#takeAcknowledgements(seat, bytes)
        else this.#takeSignature(seat, bytes)
        break
      case 'unmasking':
        this.#takeAnswer(seat, bytes)
        break
    }
  }

  #takesPart(seat: number, round: Round): boolean {
    switch (round) {
      case 'advertise-keys':
        return everybody(this.configuration.clients).includes(seat)
      case 'share-keys':
        return this.u1.has(seat)
      case 'masked-input':
        return this.u2.has(seat)
      case 'consistency-check':
        return this.u3.includes(seat)
      case 'unmasking':
        if (this.#isChosen) return this.#respondents().includes(seat)
        return this.configuration.active ? this.u4.has(seat) : this.u3.includes(seat)
    }
  }

  /** Ends the open round with those who have answered; the messages with which the next one begins, by receiver. */
  close(): ReadonlyMap<number, Uint8Array> {
    switch (this.round!) {
      case 'advertise-keys':
        return this.#publishKeys()
      case 'share-keys':
        return this.#forwardShares()
      case 'masked-input':
        return this.#announceSurvivors()
      case 'consistency-check':
        return this.#isChosen ? this.#forwardAcknowledgements() : this.#publishSignatures()
      case 'unmasking':
        this.#finish()
        return new Map()
    }
  }

  // Round 0

  #takeKeys(seat: number, bytes: Uint8Array): void {
    const { active, hash, signatureLength, graph, hybrid } = this.configuration
    const phase = 'advertise-keys'
    const reader = new Reader(bytes, TYPE.advertiseKeys, phase)
    const theirHash = bytes.slice(2, 34)
    demand(theirHash.length < 32 || equal(theirHash, hash), 'configuration-mismatch', phase)
    reader.bytes(32)
    const [cipherKey, maskKey] = [reader.bytes(32), reader.bytes(32)]
    const choice = reader.bytes(graph === 'chosen' ? 16 : 0)
    const [cipherKemKey, maskKemKey] = [reader.bytes(hybrid ? 1184 : 0), reader.bytes(hybrid ? 1184 : 0)]
    const signature = reader.bytes(signatureLength)
    reader.end()
    const kemKeys = hybrid ? [cipherKemKey, maskKemKey] : []
    demand([cipherKey, maskKey].every(isAcceptablePublicKey), 'invalid-public-key', phase)
    demand(kemKeys.every(isAcceptableKemKey), 'invalid-public-key', phase)
    demand(!equal(cipherKey, maskKey), 'duplicate-key', phase)
    demand(!hybrid || !equal(cipherKemKey, maskKemKey), 'duplicate-key', phase)
    const own = { cipherKey, maskKey, choice, cipherKemKey, maskKemKey, signature }
    const statement = keys.keysStatement(this.configuration, seat, own)
    const identity = active ? whoSigned(this.enrolment, seat, statement, signature) : undefined
    demand(!active || identity !== undefined, 'invalid-signature', phase)
    const others = [...this.u1.values()]
    const allOf = (each: typeof own) =>
      [each.cipherKey, each.maskKey, each.cipherKemKey, each.maskKemKey].map(hex).filter((key) => key !== '')
    const known = others.flatMap((other) => allOf(other.keys))
    demand(
      allOf(own).every((key) => !known.includes(key)),
      'duplicate-key',
      phase,
    )
    demand(!active || others.every((other) => other.identity !== identity), 'duplicate-identity', phase)
    this.u1.set(seat, { seat, keys: own, identity })
  }

  #publishKeys(): ReadonlyMap<number, Uint8Array> {
    const { graph, neighbors, minimumCohort, assumptions } = this.configuration
    const choicesOf = (members: ReadonlyMap<number, Member>) =>
      new Map(Array.from(members, ([seat, { keys: own }]) => [seat, own.choice]))
    let u1 = ascending(this.u1)
    if (graph === 'sparse') {
      const proven = assumptions === null ? 0 : minimumPresent({ ...this.configuration, assumptions })
      demand(u1.size >= Math.max(neighbors + 1, proven), 'too-few-clients', 'advertise-keys')
    }
    if (graph === 'chosen') {
      u1 = new Map(admitted(this.configuration, choicesOf(u1)).map((seat) => [seat, u1.get(seat)!]))
    }
    demand(u1.size >= minimumCohort, 'too-few-clients', 'advertise-keys')
    this.u1 = u1
    const seats = [...u1.keys()]
    const ring = graph === 'sparse' ? this.#drawRing(seats) : []
    this.graph = new Graph(this.configuration, ring, graph === 'chosen' ? choicesOf(u1) : undefined)
    this.round = 'share-keys'
    const messageFor = (receiver: number) => publishedKeys(this.configuration, this.graph!, this.u1, receiver)
    // There they all get the same.
    if (this.configuration.active && graph === 'complete')
      this.published = keys.publishedDigest(messageFor(seats[0]!))
    return messagesTo(seats, messageFor)
  }

  // Round 1

  #takeShares(seat: number, bytes: Uint8Array): void {
    const reader = new Reader(bytes, TYPE.shareKeys, 'share-keys')
    const commitment = reader.bytes(32)
    const peers = this.graph!.peers(seat, [...this.u1.keys()])
    const { configuration } = this
    const parcels = new Map(
      peers.map((peer) => {
        const sends = configuration.hybrid && this.graph!.sendsMaskSecret(seat, peer)
        return [peer, readParcel(configuration, reader, sends)]
      }),
    )
    reader.end()
    this.u2.set(seat, { ...this.u1.get(seat)!, commitment, parcels })
  }

  #forwardShares(): ReadonlyMap<number, Uint8Array> {
    const shared = ascending(this.u2)
    const { threshold } = this.configuration
    const seats = this.#isChosen
      ? withHolders([...shared.keys()], threshold, (seat) => this.graph!.holders(seat))
      : [...shared.keys()]
    this.#demandEnough(seats, seats, 'share-keys')
    this.u2 = new Map(seats.map((seat) => [seat, shared.get(seat)!]))
    this.round = 'masked-input'
    return messagesTo(seats, (receiver) => forwardedShares(this.graph!, this.u1, this.u2, receiver))
  }

  /** Enough clients are left, and enough holders of each owner's secrets. */
  #demandEnough(left: readonly number[], owners: readonly number[], round: Round): void {
    const { graph, minimumCohort, assumptions } = this.configuration
    const present = this.u1.size
    const expected =
      assumptions === null || graph !== 'sparse' ? 0 : present - partOf(present, assumptions.dropoutFraction)
    demand(left.length >= Math.max(minimumCohort, expected), 'too-few-clients', round)
    if (graph !== 'complete') this.#demandHolders(left, owners, round)
  }

  #demandHolders(left: readonly number[], owners: readonly number[], round: Round): void {
    for (const owner of owners) {
      const holders = this.graph!.holders(owner).filter((holder) => left.includes(holder))
      demand(holders.length >= this.configuration.threshold, 'too-few-shares', round)
    }
  }

  get #isChosen(): boolean {
    return this.configuration.graph === 'chosen'
  }

  // Round 2

  #takeMasked(seat: number, bytes: Uint8Array): void {
    const slices = sliceCount(this.configuration)
    const reader = new Reader(bytes, slices === 1 ? TYPE.maskedInput : TYPE.maskedSlice, 'masked-input')
    const slice = slices === 1 ? 0 : reader.integer(4)
    const { neighbors, signatureLength } = this.configuration
    const isProven = this.#isChosen && slice === 0
    const bits = reader.bytes(isProven ? Math.ceil(neighbors / 8) : 0)
    const signature = reader.bytes(isProven ? signatureLength : 0)
    const part = unpack(sliceSegments(this.configuration, slice), reader.rest())
    demand(part !== null, 'malformed-message', 'masked-input')
    if (isProven) this.#takeInclusion(seat, bits, signature)
    const parts = this.#vectors.get(seat) ?? []
    parts[slice] = part
    this.#vectors.set(seat, parts)
  }

  /** [hybrid] */
  #takeComplaint(seat: number, bytes: Uint8Array): void {
    const reader = new Reader(bytes, TYPE.complaint, 'masked-input')
    const neighbors = this.graph!.neighbors(seat, [...this.u2.keys()]).filter((each) => this.u2.has(each))
    const about = reader.seatSet(neighbors.filter((sender) => this.graph!.sendsMaskSecret(sender, seat)))
    reader.end()
    demand(about.length > 0, 'malformed-message', 'masked-input')
    this.complaints.set(seat, about)
  }

  /** [chosen] */
  #takeInclusion(seat: number, bits: Uint8Array, signature: Uint8Array): void {
    const expected = seatSet(this.graph!.holders(seat), [...this.u2.keys()])
    demand(equal(bits, expected), 'malformed-message', 'masked-input')
    const { keys: own, identity } = this.u2.get(seat)!
    const digest = keys.keysDigest(this.configuration, seat, own)
    const statement = keys.inclusionStatement(this.configuration, seat, digest, bits)
    const signer = whoSigned(this.enrolment, seat, statement, signature)
    demand(signer !== undefined && signer === identity, 'invalid-signature', 'masked-input')
    this.inclusions.set(seat, concat(bits, signature))
  }

  #announceSurvivors(): ReadonlyMap<number, Uint8Array> {
    const { segments, active } = this.configuration
    const slices = everybody(sliceCount(this.configuration))
    const isWhole = (seat: number): boolean =>
      slices.every((slice) => this.#vectors.get(seat)?.[slice] !== undefined)
    const survivors = [...this.u2.keys()].filter(isWhole)
    this.#demandEnough(survivors, [...this.u2.keys()], 'masked-input')
    this.u3 = survivors
    for (const seat of survivors) {
      const parts = this.#vectors.get(seat)!
      const vector = segments.map((_, segment) => parts.flatMap((part) => part[segment]!))
      this.maskedSum = add(segments, this.maskedSum, 1, vector)
    }
    this.round = active ? 'consistency-check' : 'unmasking'
    const u2 = [...this.u2.keys()]
    return messagesTo(survivors, (receiver) =>
      this.#isChosen
        ? livingOwners(this.graph!, u2, this.inclusions, survivors, receiver)
        : announcedSurvivors(this.configuration, this.graph!, u2, survivors, receiver),
    )
  }

  // Round 3, [chosen]

  #takeAcknowledgements(seat: number, bytes: Uint8Array): void {
    const reader = new Reader(bytes, TYPE.acknowledgements, 'consistency-check')
    const living = this.graph!.owners(seat).filter((owner) => this.u3.includes(owner))
    const given = reader.seatSet(living).map((owner) => [owner, reader.bytes(16)] as const)
    reader.end()
    this.acknowledgements.set(seat, new Map(given))
  }

  #respondents(): readonly number[] {
    return [...this.acknowledgements.keys()].filter(
      (seat) =>
        acknowledgementsOf(this.graph!, this.acknowledgements, seat).size >= this.configuration.threshold,
    )
  }

  #forwardAcknowledgements(): ReadonlyMap<number, Uint8Array> {
    this.acknowledgements = ascending(this.acknowledgements)
    const u2 = [...this.u2.keys()]
    this.#demandHolders(this.#respondents(), u2, 'consistency-check')
    this.round = 'unmasking'
    return messagesTo(this.#respondents(), (receiver) =>
      collectedAcknowledgements(this.graph!, u2, this.acknowledgements, receiver),
    )
  }

  // Round 3, [active] on the complete graph

  #takeSignature(seat: number, bytes: Uint8Array): void {
    const reader = new Reader(bytes, TYPE.consistencyCheck, 'consistency-check')
    const signature = reader.bytes(this.configuration.signatureLength)
    reader.end()
    const statement = keys.survivorsStatement(this.configuration, this.published!, seat, this.u3)
    const identity = whoSigned(this.enrolment, seat, statement, signature)
    const isSame = identity !== undefined && identity === this.u2.get(seat)!.identity
    demand(isSame, 'invalid-signature', 'consistency-check')
    this.u4.set(seat, signature)
  }

  #publishSignatures(): ReadonlyMap<number, Uint8Array> {
    const { threshold, clients } = this.configuration
    demand(this.u4.size >= threshold, 'too-few-clients', 'consistency-check')
    this.u4 = ascending(this.u4)
    this.round = 'unmasking'
    const set = seatSet(everybody(clients), [...this.u4.keys()])
    const bytes = message(TYPE.consistencySignatures, set, ...this.u4.values())
    return messagesTo([...this.u4.keys()], () => bytes)
  }

  // Round 4

  #takeAnswer(seat: number, bytes: Uint8Array): void {
    const reader = new Reader(bytes, TYPE.unmasking, 'unmasking')
    const u2 = [...this.u2.keys()]
    const owners = reader.seatSet(
      this.#isChosen
        ? this.graph!.owners(seat).filter((owner) => this.u2.has(owner))
        : this.graph!.around(seat, u2),
    )
    const shares = new Map(owners.map((owner) => [owner, reader.bytes(this.u3.includes(owner) ? 16 : 32)]))
    reader.end()
    const isHolder = owners.every((owner) => this.graph!.holders(owner).includes(seat))
    demand(isHolder, 'invalid-share', 'unmasking')
    this.u5.set(seat, shares)
  }

  #finish(): void {
    const { threshold, graph: kind } = this.configuration
    if (kind === 'complete') demand(this.u5.size >= threshold, 'too-few-clients', 'unmasking')
    this.u5 = ascending(this.u5)
    const { configuration, u2, u3, u5 } = this
    const round = { configuration, graph: this.graph!, u2, u3, u5 }
    this.secrets = reconstruct(round)
    if (configuration.hybrid) this.culprits = judge(round, this.secrets, this.complaints)
    this.removed = masksToRemove(round, this.secrets)
    this.sum = removeMasks(configuration, this.maskedSum, this.removed)
    this.round = undefined
  }
}

function ascending<T>(members: ReadonlyMap<number, T>): Map<number, T> {
  return new Map([...members].sort(([a], [b]) => a - b))
}
