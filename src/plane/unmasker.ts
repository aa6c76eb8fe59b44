import { wipeAll } from '../crypto/bytes.js'
import type { MaskExecutor } from '../vector/index.js'
import { countElements, type MaskPlan } from '../vector/segments.js'
import type { Unmasker, UnmaskJob } from './data-plane.js'

/** Removes masks with an executor, from the whole vector at once. */
export function executorUnmasker(execute: MaskExecutor): Unmasker {
  return {
    deriveSeeds: execute.deriveSeeds,
    unmask: async function* (job) {
      const elements = await job.read()
      await executePlans(elements, job, execute)
      yield { range: { from: 0, to: countElements(job.segments) }, elements }
    },
  }
}

/** Executes each plan while the keys for the next one are agreed on. */
async function executePlans(
  target: Awaited<ReturnType<UnmaskJob['read']>>,
  { plans, segments, suite, terms, signal, onProgress }: UnmaskJob,
  executor: MaskExecutor,
): Promise<void> {
  const execute = async (plan: MaskPlan, report: (fraction: number) => void): Promise<void> => {
    try {
      await executor(target, segments, plan, suite, { signal, onProgress: onProgress && report })
    } finally {
      wipeAll(plan.map(({ seed }) => seed))
    }
  }
  let done = 0
  let executing = Promise.resolve()
  try {
    for await (const plan of plans) {
      await executing.catch((error: unknown) => {
        // This plan is not executed any more.
        wipeAll(plan.map(({ seed }) => seed))
        throw error
      })
      const before = done
      done += plan.length
      executing = execute(plan, (fraction) => onProgress?.((before + fraction * plan.length) / terms))
      // A failure is seen when the next plan begins.
      executing.catch(() => undefined)
    }
  } finally {
    await executing
  }
}
