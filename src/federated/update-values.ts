import { usageError } from '../errors.js'
import type { ReadValues } from '../fixed-point/encode-range.js'
import type { RealValues } from '../fixed-point/index.js'
import { readerOf } from '../fixed-point/real-values.js'
import { l2Norm } from '../privacy/wrapping.js'
import { tensorReader } from '../tensors/flatten.js'
import { flatten, type Named, type TensorLike } from '../tensors/index.js'
import { quoted } from '../tensors/tensor.js'
import { typedArrayName } from '../vector/lanes.js'
import type { Span } from './clip-groups.js'
import type { ClipLayout } from './clip-layout.js'
import type { RoundPlan } from './round-plan.js'
import { keptTensors } from './task-tensors.js'

/**
 * The update of a client: tensors by name, or one flat array if the task has a length.
 * @public
 */
export type Update = Named<TensorLike> | RealValues

/**
 * What clipping changed in an update: each value on its own or, with privacy, the norm of the whole update. Do not send it to
 * the server.
 * @public
 */
export type UpdateClipping =
  | {
      readonly kind: 'values'
      /** The number of values beyond the clip. */
      readonly count: number
      /** The largest magnitude of all values. */
      readonly largest: number
      /** Σ (|x| − c) over the clipped values. */
      readonly excess: number
    }
  | {
      readonly kind: 'norm'
      /** The L2 norm of the update. */
      readonly norm: number
      /** The factor by which the update was multiplied, at most 1. With groups, the smallest factor. */
      readonly factor: number
      /** With groups: the norm and the factor of each. */
      readonly groups?: Readonly<Record<string, { readonly norm: number; readonly factor: number }>>
    }

/** The update as one flat array. Tensors that the task leaves out are not in it. */
export function valuesOf(update: Update, plan: RoundPlan): RealValues {
  const { manifest, task } = plan
  if (manifest !== undefined) return flatten(keptTensors(update as Named<TensorLike>, task), manifest)
  return arrayOf(update, plan)
}

/**
 * A reader of the flat array of an update, which is never created. It throws if a number of a tensor is not finite, unless it
 * is `unchecked`.
 */
export function readerOfUpdate(update: Update, plan: RoundPlan, unchecked = false): ReadValues {
  const { manifest, task } = plan
  if (manifest === undefined) return readerOf(arrayOf(update, plan))
  return tensorReader(keptTensors(update as Named<TensorLike>, task), manifest, unchecked)
}

function arrayOf(update: Update, { length }: RoundPlan): RealValues {
  const type = typedArrayName(update) ?? (Array.isArray(update) ? 'array' : typeof update)
  const isArray = type === 'Float32Array' || type === 'Float64Array' || type === 'array'
  if (isArray && (update as RealValues).length === length) return update as RealValues
  throw usageError(
    'invalid-argument',
    `the update must be a Float32Array, a Float64Array or an array of ${length} numbers`,
    {
      expected: length,
      got: isArray ? (update as RealValues).length : type,
    },
  )
}

/** Values in units of the clip of their group, from −1 to 1: values beyond the clip are clipped. */
export function scaledReader(read: ReadValues, reports: readonly SpanReport[]): ReadValues {
  const spans = reports.map(({ span }) => span)
  return (batch, from, count) => {
    read(batch, from, count)
    for (let index = firstSpan(spans, from); index < spans.length; index++) {
      const span = spans[index]!
      if (span.from >= from + count) return
      const { clip } = span
      const end = Math.min(span.to, from + count) - from
      const start = Math.max(span.from, from) - from
      // A value at the clip gives exactly 1, and no smaller value gives more.
      for (let i = start; i < end; i++) batch[i] = batch[i]! / clip
      if (reports[index]!.clipped === 0) continue
      for (let i = start; i < end; i++) batch[i] = Math.min(1, Math.max(-1, batch[i]!))
    }
  }
}

/** The index of the first span that ends after this element. */
function firstSpan(spans: readonly Span[], element: number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[middle]!.to > element) high = middle
    else low = middle + 1
  }
  return low
}

/** What a client knows about its values in one span. */
export interface SpanReport {
  readonly span: Span
  /** The number of values beyond the clip. */
  clipped: number
  /** Σ (|x| − c) over these. */
  excess: number
  largest: number
  /** The number of values that are not 0 and smaller than one step. */
  belowStep: number
  /** The L2 norm, if it was asked for. */
  norm: number
}

/** The number of values read at a time. */
const BATCH = 16384

/** Options of {@link examine}. */
interface ExamineOptions {
  /** The distance between two levels for a clip of 1. Default: 0, which counts no values below a step. */
  readonly unitStep?: number
  /** Whether norms are needed. Default: true. */
  readonly norms?: boolean
  /** Reads a batch again that may have a value that is not finite, and names its tensor. Default: `read`. */
  readonly refuse?: ReadValues
}

/**
 * Reads all values once.
 * @throws {SecAggError} `input-out-of-range` if a value is not finite.
 */
export function examine(
  read: ReadValues,
  { spans }: Pick<ClipLayout, 'spans'>,
  { unitStep = 0, norms = true, refuse = read }: ExamineOptions = {},
): SpanReport[] {
  const batch = new Float64Array(BATCH)
  return spans.map((span) => {
    const report = { span, clipped: 0, excess: 0, largest: 0, belowStep: 0, norm: 0 }
    for (let from = span.from; from < span.to; from += BATCH) {
      const values = batch.subarray(0, Math.min(BATCH, span.to - from))
      read(values, from, values.length)
      if (!addTo(report, values)) {
        refuse(values, from, values.length)
        requireFinite(values, from)
      }
      if (unitStep > 0) report.belowStep += smallerThan(unitStep * span.clip, values)
      if (norms) report.norm = Math.hypot(report.norm, l2Norm(values))
    }
    return report
  })
}

/** Returns false if a value may not be finite. */
function addTo(report: SpanReport, values: Float64Array): boolean {
  let [largest, sum] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (magnitude > largest) largest = magnitude
    sum += magnitude
  }
  report.largest = Math.max(report.largest, largest)
  const { clip } = report.span
  if (largest <= clip) return Number.isFinite(sum)
  for (let i = 0; i < values.length; i++) {
    const beyond = Math.abs(values[i]!) - clip
    if (beyond <= 0) continue
    report.clipped++
    report.excess += beyond
  }
  return Number.isFinite(sum)
}

/** The number of values that are not 0 and smaller than one step. */
function smallerThan(step: number, values: Float64Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (magnitude < step && magnitude > 0) count++
  }
  return count
}

function requireFinite(values: Float64Array, from: number): void {
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index < 0) return
  throw usageError('input-out-of-range', `value ${from + index} is ${values[index]}`, {
    expected: 'a finite number',
    got: String(values[index]),
  })
}

/** What a client knows about its values in one group. */
export interface GroupReport {
  readonly largest: number
  readonly norm: number
}

/** The largest value and the L2 norm of each group. */
export function reportByGroup(
  reports: readonly SpanReport[],
  { groups }: ClipLayout,
): readonly GroupReport[] {
  return groups.map((_, group) => {
    const own = reports.filter(({ span }) => span.group === group)
    return {
      largest: own.reduce((most, { largest }) => Math.max(most, largest), 0),
      norm: own.reduce((sum, { norm }) => Math.hypot(sum, norm), 0),
    }
  })
}

/** The error for an update that is beyond the clip of a group. */
export function beyondClip(what: string, group: { readonly name: string; readonly clip: number }): Error {
  return usageError(
    'input-out-of-range',
    `${what} of the group ${quoted(group.name)} is beyond its clip of ${group.clip}`,
    { expected: `at most ${group.clip}` },
  )
}
