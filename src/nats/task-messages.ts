import { ascii, codeUnits, concatBytes, fromCodeUnits, joinBytes, wipe } from '../crypto/bytes.js'
import type { SuiteName } from '../crypto/provider.js'
import { decodeTraceParent } from '../telemetry/tracing.js'
import { createLanes } from '../vector/lanes.js'
import {
  checkedSegments,
  checkRange,
  type ElementRange,
  laneBytes,
  type MaskPlan,
  type MaskTerm,
  type Segment,
  segmentsInRange,
  type Vector,
} from '../vector/segments.js'
import type { Seal } from './sealing.js'

/** A task: the sum of the masks of some terms, on some elements. */
export interface Task {
  readonly suite: SuiteName
  /** The name of the block with the seeds. */
  readonly block: string
  /** The terms of the block to execute, from `first` to before `last`. */
  readonly first: number
  readonly last: number
  /** The shape of the piece, and its elements; see `piecesOf`. */
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  /** The span of the job, for the worker's; see `encodeTraceParent`. */
  readonly trace?: string | undefined
  /** In milliseconds. A worker must tell the broker more often than this that it is still working on the task. */
  readonly redeliverAfter: number
}

/** What a worker sends back. */
export type TaskResult =
  | { readonly type: 'sum'; readonly lanes: Uint8Array }
  /** The broker does not have the seeds. */
  | { readonly type: 'no-seeds' }
  | { readonly type: 'failed'; readonly reason: string }

/** The answers to a result. */
export const TAKEN = 'taken'
export const REFUSED = 'refused'

const FORMAT = 1

/** The first byte of a result that is a sum. */
export const SUM = 0

/** The longest reason that a worker sends. */
const REASON_LENGTH = 500

/** A task as bytes. */
function encodeTask(task: Task): Uint8Array {
  return codeUnits(JSON.stringify({ format: FORMAT, ...task }))
}

/** A message to the workers, and its name, which follows from the message and its job. */
interface SealedMessage {
  readonly name: string
  readonly sealed: Uint8Array
}

/** Seals a task of a job. */
export function sealTask(seal: Seal, job: string, task: Task): Promise<SealedMessage> {
  return sealed(seal, 'task', job, encodeTask(task))
}

/** Seals a block of seeds of a job. */
export async function sealSeeds(seal: Seal, job: string, terms: MaskPlan): Promise<SealedMessage> {
  const plain = encodeSeeds(terms)
  const message = await sealed(seal, 'seeds', job, plain)
  wipe(plain)
  return message
}

async function sealed(
  seal: Seal,
  purpose: 'task' | 'seeds',
  job: string,
  plain: Uint8Array,
): Promise<SealedMessage> {
  const name = await seal.name(purpose, ascii(job), plain)
  return { name, sealed: await seal.seal(purpose, name, plain) }
}

/** The task in bytes that somebody with the key of the cluster has sealed. `undefined` if another version did. */
export function decodeTask(bytes: Uint8Array): Task | undefined {
  try {
    const { format, suite, block, first, last, segments, range, redeliverAfter, trace } = JSON.parse(
      fromCodeUnits(bytes),
    )
    const checked = checkedSegments(segments)
    const known = format === FORMAT && (suite === 'aes' || suite === 'chacha') && typeof block === 'string'
    const whole = [first, last, redeliverAfter].every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!known || !whole) return undefined
    const place = decodeTraceParent(trace) === undefined ? {} : { trace }
    return {
      ...{ suite, block, first, last, redeliverAfter, ...place },
      ...{ segments: checked, range: checkRange(checked, range) },
    }
  } catch {
    return undefined
  }
}

/** The seeds and signs of some terms: one byte of sign, 1 or 255, before each seed. */
function encodeSeeds(terms: MaskPlan): Uint8Array {
  return joinBytes(terms.flatMap(({ seed, sign }) => [Uint8Array.of(sign), seed]))
}

/** The terms from `first` to before `last`. `undefined` if the block does not have them. */
export function decodeSeeds(
  block: Uint8Array,
  keyLength: number,
  { first, last }: Pick<Task, 'first' | 'last'>,
): MaskTerm[] | undefined {
  const size = keyLength + 1
  if (block.length % size !== 0 || first > last || last * size > block.length) return undefined
  const terms: MaskTerm[] = []
  for (let at = first * size; at < last * size; at += size) {
    const sign = block[at]
    if (sign !== 1 && sign !== 255) return undefined
    terms.push({ seed: block.subarray(at + 1, at + size), sign: sign === 1 ? 1 : -1 })
  }
  return terms
}

/** A result as bytes. */
export function encodeResult(result: TaskResult): Uint8Array {
  if (result.type === 'sum') return concatBytes(Uint8Array.of(SUM), result.lanes)
  if (result.type === 'no-seeds') return Uint8Array.of(2)
  return concatBytes(Uint8Array.of(1), codeUnits(result.reason.slice(0, REASON_LENGTH)))
}

/** The result in some bytes, or `undefined` if there is none in them. */
export function decodeResult(bytes: Uint8Array): TaskResult | undefined {
  const rest = bytes.subarray(1)
  if (bytes[0] === SUM) return { type: 'sum', lanes: rest }
  if (bytes[0] === 1) return { type: 'failed', reason: fromCodeUnits(rest) }
  return bytes[0] === 2 ? { type: 'no-seeds' } : undefined
}

/** The elements of all segments, one after the other. */
export function packLanes(vector: Vector): Uint8Array {
  return joinBytes(
    vector.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  )
}

/** The vector in `packed`, which has the shape of a range. `undefined` if the length is wrong. */
export function unpackLanes(
  packed: Uint8Array,
  segments: readonly Segment[],
  range: ElementRange,
): Vector | undefined {
  const shape = segmentsInRange(segments, range)
  const length = shape.reduce((sum, segment) => sum + segment.length * laneBytes(segment.bits), 0)
  if (packed.length !== length) return undefined
  let at = 0
  return shape.map((segment) => {
    const lanes = createLanes(segment.bits, segment.length)
    const bytes = new Uint8Array(lanes.buffer)
    bytes.set(packed.subarray(at, at + bytes.length))
    at += bytes.length
    return lanes
  })
}
