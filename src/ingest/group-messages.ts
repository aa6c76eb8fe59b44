import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as P from '../codec/codec.js'
import { ascii, type Bytes, bytesToHex, concatBytes, equalBytes, plainBytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { cutSegments, type ElementRange, laneBytes, type Segment, type Vector } from '../vector/segments.js'

/** Which group of seats of which round, in which epoch. An epoch begins when a group is given to a process. */
export interface GroupId {
  /** `hash` of the round's configuration. */
  readonly configHash: Uint8Array
  readonly group: number
  readonly epoch: number
}

/** What a process must know to collect the vectors of a group. */
export interface GroupShape {
  /** Ascending. */
  readonly seats: readonly number[]
  readonly segments: readonly Segment[]
  /** 0: vectors are not sent in slices. */
  readonly sliceLength: number
  /** The number of bytes before a packed vector, which belong to the coordinator. */
  readonly prefix: number
  readonly maximumUploads: number
}

/** What the coordinator asks an ingest process. */
export type Request =
  | { readonly kind: 'open'; readonly id: GroupId; readonly shape: GroupShape }
  | { readonly kind: 'status'; readonly configHash: Uint8Array; readonly groups: readonly number[] }
  | { readonly kind: 'seal'; readonly id: GroupId }
  | { readonly kind: 'block'; readonly id: GroupId; readonly index: number }
  | { readonly kind: 'forget'; readonly configHash: Uint8Array }

/** Those of the groups in question that a process serves, and the seats whose vectors it has. */
export type Status = readonly {
  readonly group: number
  readonly epoch: number
  readonly arrived: readonly number[]
}[]

/** A sealed group: its members, and what shows that its blocks are their sum. */
export interface SealedGroup {
  readonly members: readonly number[]
  /** SHA-256 of the packed sum. */
  readonly digest: Uint8Array
  readonly checks: Checks
}

const hash = P.bytes(32)
const numbers: P.Coder<readonly number[]> = P.array(P.U32LE, P.U32LE)
/** A list of seats. */
export const seatsCoder: P.Coder<readonly number[]> = numbers
const id = P.struct<GroupId>({ configHash: hash, group: P.U32LE, epoch: P.U32LE })
const whole: P.Coder<number> = P.converted(P.U64LE, {
  toValue: (value) => Number(value),
  toStored: (value) => BigInt(value),
})
const checks = P.converted(P.array(P.U32LE, P.U64LE), {
  toValue: (values) => BigUint64Array.from(values),
  toStored: (values) => [...values],
}) as unknown as P.Coder<Checks>
const shape = P.struct<GroupShape>({
  seats: seatsCoder,
  segments: P.array(P.U32LE, P.struct<Segment>({ length: whole, bits: P.U8 })),
  sliceLength: whole,
  prefix: P.U32LE,
  maximumUploads: P.U32LE,
})
const KINDS = {
  open: 0,
  status: 1,
  seal: 2,
  block: 3,
  forget: 4,
} as const satisfies Readonly<Record<Request['kind'], number>>
const request = P.tagged(P.U8, {
  open: [KINDS.open, P.struct({ id, shape })],
  status: [KINDS.status, P.struct({ configHash: hash, groups: numbers })],
  seal: [KINDS.seal, P.struct({ id })],
  block: [KINDS.block, P.struct({ id, index: P.U32LE })],
  forget: [KINDS.forget, P.struct({ configHash: hash })],
})
const status = P.array(P.U32LE, P.struct({ group: P.U32LE, epoch: P.U32LE, arrived: seatsCoder }))
/** A sealed group. */
export const sealedCoder: P.Coder<SealedGroup> = P.struct<SealedGroup>({
  members: seatsCoder,
  digest: hash,
  checks,
})

/** Whether two groups have the same seats and vectors. */
export function isSameShape(one: GroupShape, other: GroupShape): boolean {
  return equalBytes(shape.encode(one), shape.encode(other))
}

export function encodeRequest({ kind, ...data }: Request): Bytes {
  return request.encode({ kind, data } as P.ValueOf<typeof request>)
}

/** What the bytes of a request ask for. */
export function kindOf(request: Uint8Array): Request['kind'] | undefined {
  return (Object.keys(KINDS) as Request['kind'][]).find((kind) => KINDS[kind] === request[0])
}

/** The hash of the configuration of the round that a request is about. Every request begins with its kind and this hash. */
export function roundOf(request: Uint8Array): string {
  return bytesToHex(request.subarray(1, 33))
}

/** @throws {SecAggError} `malformed-message`. */
export function decodeRequest(bytes: Uint8Array): Request {
  const { kind, data } = reading(() => request.decode(bytes))
  return { kind, ...data } as Request
}

/** A reply with an answer: a zero byte, then the answer. */
export function answerOf(body: Uint8Array = new Uint8Array(0)): Bytes {
  const bytes = new Uint8Array(1 + body.length)
  bytes.set(body, 1)
  return bytes
}

/** A reply without an answer. */
export function refusalOf(reason: Refused): Bytes {
  return Uint8Array.of(1, REFUSALS.indexOf(reason))
}

/**
 * Why a process refuses a request: it does not have the group, or not in this epoch; the request has no meaning; or the answer
 * takes longer, and the same request is to come again.
 */
export type Refused = 'unknown' | 'stale' | 'malformed' | 'busy'

const REFUSALS: readonly Refused[] = ['unknown', 'stale', 'malformed', 'busy']

/** The body of a reply, or why the process refuses. */
export function openReply(bytes: Uint8Array): Uint8Array | Refused {
  if (bytes[0] === 0) return bytes.subarray(1)
  return REFUSALS[bytes[1] ?? 2] ?? 'malformed'
}

export const encodeStatus = (value: Status): Bytes => status.encode(value as never)
export const decodeStatus = (bytes: Uint8Array): Status => reading(() => status.decode(bytes)) as Status
export const encodeSealed = (value: SealedGroup): Bytes => sealedCoder.encode(value)
export const decodeSealed = (bytes: Uint8Array): SealedGroup => reading(() => sealedCoder.decode(bytes))

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new SecAggError(
      'malformed-message',
      'peer',
      'a message between the machines of a server is malformed',
      {
        cause,
      },
    )
  }
}

/** The permission to send the vector of one seat to the process that serves its group, in one epoch of the group. */
export interface Ticket {
  /** `hash` of the round's configuration, 32 bytes. */
  readonly configHash: Uint8Array
  readonly seat: number
  readonly group: number
  readonly epoch: number
}

const LABEL = ascii('secagg ingest ticket 1')
const BODY = 32 + 3 * 4
const MAC = 32

/** The number of bytes of a ticket. */
export const TICKET_LENGTH: number = BODY + MAC

/** Signs a ticket with the key that the coordinator and the ingest processes share. */
export function signTicket(key: Uint8Array, { configHash, seat, group, epoch }: Ticket): Bytes {
  const body = new Uint8Array(BODY)
  body.set(configHash)
  const view = new DataView(body.buffer)
  for (const [index, value] of [seat, group, epoch].entries()) view.setUint32(32 + 4 * index, value, true)
  return concatBytes(body, macOf(key, body))
}

/** Reads a ticket; `undefined` if it was not signed with this key. */
export function openTicket(key: Uint8Array, bytes: Uint8Array): Ticket | undefined {
  if (bytes.length !== TICKET_LENGTH) return undefined
  const body = plainBytes(bytes.slice(0, BODY))
  if (!equalBytes(macOf(key, body), bytes.subarray(BODY))) return undefined
  const view = new DataView(body.buffer)
  const [seat, group, epoch] = [0, 1, 2].map((index) => view.getUint32(32 + 4 * index, true))
  return { configHash: body.subarray(0, 32), seat: seat!, group: group!, epoch: epoch! }
}

function macOf(key: Uint8Array, body: Uint8Array): Uint8Array {
  return hmac(sha256, key, concatBytes(LABEL, body))
}

/**
 * Two sums over a vector for each segment: Σ y_i and Σ (i + 1)·y_i modulo 2^64, of which the lowest k bits count. i is the
 * position of an element, counted over all segments. The checks of a sum are the sum of the checks of its vectors. Therefore
 * they show that a vector is missing from a sum, or is in it twice. They do not detect a process that cheats.
 */
export type Checks = BigUint64Array

/** The checks of the elements of `range`. */
export function checksOf(elements: Vector, segments: readonly Segment[], range: ElementRange): Checks {
  const checks = new BigUint64Array(2 * segments.length)
  let start = 0
  for (const [index, cut] of cutSegments(segments, range).entries()) {
    const { bits, length } = segments[index]!
    const lanes = elements[index]!
    const first = start + cut.from + 1
    const [sum, weighted] =
      laneBytes(bits) === 8
        ? wideSums(lanes as BigUint64Array, first)
        : narrowSums(lanes as Exclude<typeof lanes, BigUint64Array>, first)
    checks[2 * index] = sum
    checks[2 * index + 1] = weighted
    start += length
  }
  return checks
}

function narrowSums(lanes: Uint8Array | Uint16Array | Uint32Array, first: number): [bigint, bigint] {
  let sum = 0
  let weighted = 0
  for (let index = 0; index < lanes.length; index++) {
    sum = (sum + lanes[index]!) | 0
    weighted = (weighted + Math.imul(first + index, lanes[index]!)) | 0
  }
  return [BigInt(sum >>> 0), BigInt(weighted >>> 0)]
}

function wideSums(lanes: BigUint64Array, first: number): [bigint, bigint] {
  let sum = 0n
  let weighted = 0n
  let position = BigInt(first)
  for (const element of lanes) {
    sum = BigInt.asUintN(64, sum + element)
    weighted = BigInt.asUintN(64, weighted + position * element)
    position++
  }
  return [sum, weighted]
}

/** Adds `checks` to `target`. */
export function addChecks(target: Checks, checks: Checks): void {
  for (const [index, check] of checks.entries()) target[index] = target[index]! + check
}

/** Whether two checks are equal modulo 2^k. */
export function equalChecks(one: Checks, other: Checks, segments: readonly Segment[]): boolean {
  return (
    one.length === other.length &&
    one.every((check, index) => {
      const { bits } = segments[index >> 1]!
      return BigInt.asUintN(bits, check) === BigInt.asUintN(bits, other[index]!)
    })
  )
}
