import * as P from 'micro-packed'
import { type Bytes, plainBytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import type { Segment } from '../vector/segments.js'
import type { Checks } from './sum-checks.js'

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
  | { readonly kind: 'status'; readonly configHash: Uint8Array }
  | { readonly kind: 'seal'; readonly id: GroupId }
  | { readonly kind: 'block'; readonly id: GroupId; readonly index: number }
  | { readonly kind: 'forget'; readonly configHash: Uint8Array }

/** The groups of a round that a process serves, and the seats whose vectors it has. */
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
/** A list of seats. */
export const seatsCoder: P.CoderType<readonly number[]> = P.array(P.U32LE, P.U32LE) as unknown as P.CoderType<
  readonly number[]
>
const record = <T>(fields: { readonly [K in keyof T]: P.CoderType<T[K]> }): P.CoderType<T> =>
  P.struct(fields) as unknown as P.CoderType<T>
const id = record<GroupId>({ configHash: hash, group: P.U32LE, epoch: P.U32LE })
const whole: P.CoderType<number> = P.apply(P.U64LE, {
  encode: (value) => Number(value),
  decode: (value) => BigInt(value),
})
const checks = P.apply(P.array(P.U32LE, P.U64LE), {
  encode: (values) => BigUint64Array.from(values),
  decode: (values) => [...values],
}) as unknown as P.CoderType<Checks>
const shape = record<GroupShape>({
  seats: seatsCoder,
  segments: P.array(P.U32LE, record<Segment>({ length: whole, bits: P.U8 })) as unknown as P.CoderType<
    readonly Segment[]
  >,
  sliceLength: whole,
  prefix: P.U32LE,
  maximumUploads: P.U32LE,
})
const request = P.tag(P.U8, {
  0: record({ id, shape }),
  1: record({ configHash: hash }),
  2: record({ id }),
  3: record({ id, index: P.U32LE }),
  4: record({ configHash: hash }),
})
const KINDS = ['open', 'status', 'seal', 'block', 'forget'] as const
const status = P.array(P.U32LE, record({ group: P.U32LE, epoch: P.U32LE, arrived: seatsCoder }))
/** A sealed group. */
export const sealedCoder: P.CoderType<SealedGroup> = record<SealedGroup>({
  members: seatsCoder,
  digest: hash,
  checks,
})

export function encodeRequest({ kind, ...data }: Request): Bytes {
  return plainBytes(request.encode({ TAG: KINDS.indexOf(kind), data } as never))
}

/** @throws {SecAggError} `malformed-message`. */
export function decodeRequest(bytes: Uint8Array): Request {
  const { TAG, data } = reading(() => request.decode(bytes))
  return { kind: KINDS[TAG]!, ...data } as Request
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

/** Why a process refuses a request: it does not have the group, or not in this epoch; or the request has no meaning. */
export type Refused = 'unknown' | 'stale' | 'malformed'

const REFUSALS: readonly Refused[] = ['unknown', 'stale', 'malformed']

/** The body of a reply, or why the process refuses. */
export function openReply(bytes: Uint8Array): Uint8Array | Refused {
  if (bytes[0] === 0) return bytes.subarray(1)
  return REFUSALS[bytes[1] ?? 2] ?? 'malformed'
}

export const encodeStatus = (value: Status): Bytes => plainBytes(status.encode(value as never))
export const decodeStatus = (bytes: Uint8Array): Status => reading(() => status.decode(bytes)) as Status
export const encodeSealed = (value: SealedGroup): Bytes => plainBytes(sealedCoder.encode(value))
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
