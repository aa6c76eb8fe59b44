import { createFixedPoint, createWeightedMean } from '../fixed-point/index.js'
import { choosePrivacy } from '../privacy/index.js'
import type { TensorManifest } from '../tensors/index.js'
import { clipLayoutOf, fractionDeviation, plannedGroups, privateLayout } from './clip-layout.js'
import { countSegment } from './contributions.js'
import type { PlannedCohort } from './planned-cohort.js'
import { meanDeviation, type RoundPlan } from './round-plan.js'
import type { PlannedTask } from './task.js'

type PlannedValues = Pick<RoundPlan, 'encoding' | 'privacy' | 'segments' | 'groups'>

/** The encoding or the noise of a task, and the segments of its rounds. */
export function plannedValues(
  task: PlannedTask,
  cohort: PlannedCohort,
  manifest: TensorManifest | undefined,
  length: number,
): PlannedValues {
  return task.privacy === undefined
    ? exactValues(task, manifest, length)
    : privateValues(task, cohort, manifest, length)
}

function exactValues(task: PlannedTask, manifest: TensorManifest | undefined, length: number): PlannedValues {
  const { clients, clip, bitsPerValue, maximumWeight, rounding } = task
  const layout = clipLayoutOf(task, manifest, length)
  // With groups, values are in units of the clip.
  const unit = layout === undefined ? (clip as number) : 1
  const encoding = createFixedPoint({ clip: unit, clients, bitsPerValue, maximumWeight, rounding })
  const { segments } = createWeightedMean(length, encoding)
  if (layout === undefined) return { encoding, segments }
  const groups = plannedGroups(layout.groups, { encoding })
  return {
    encoding,
    segments: [
      ...segments,
      // The weights of the clients that were within the clip of each group.
      ...(layout.isAdaptive ? [{ ...segments[1], length: groups.length }] : []),
      ...(layout.counts ? [countSegment(length, clients)] : []),
    ],
    groups,
  }
}

function privateValues(
  task: PlannedTask,
  { minimumHonest, minimumCohort }: PlannedCohort,
  manifest: TensorManifest | undefined,
  length: number,
): PlannedValues {
  const { clipNorm, ...target } = task.privacy!
  const { clients } = task
  const layout = clipLayoutOf(task, manifest, length)
  if (layout === undefined) {
    const clip = clipNorm as number
    const parameters = choosePrivacy({ ...target, clients, minimumHonest, length, clip })
    const privacy = { ...parameters, meanStandardDeviation: meanDeviation(parameters, minimumCohort) }
    return { privacy, segments: [parameters.segment] }
  }
  const { norm, factor, counts, length: extended } = privateLayout(layout, length, task)
  const parameters = choosePrivacy({ ...target, clients, minimumHonest, length: extended, clip: norm })
  const meanStandardDeviation = meanDeviation(parameters, minimumCohort)
  const privacy = {
    ...parameters,
    meanStandardDeviation,
    ...(layout.isAdaptive && {
      fractionStandardDeviation: fractionDeviation(parameters, factor, minimumCohort),
    }),
    ...(counts && { countStandardDeviation: parameters.sumStandardDeviation / counts.factor }),
  }
  return {
    privacy,
    segments: [parameters.segment],
    groups: plannedGroups(layout.groups, { meanStandardDeviation }),
  }
}
