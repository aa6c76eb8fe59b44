import type { TrainedRound } from './training.js'

/**
 * The first difference between a round with secure aggregation and the same round in the clear; `undefined` if they are
 * identical. The sums are compared as well as the models, because rounding could hide a difference of one unit in a model.
 */
export function firstDifference(secure: TrainedRound, clear: TrainedRound): string | undefined {
  const inRound = `in round ${secure.round}`
  const list = ({ result }: TrainedRound): string => result.survivors.join(' ')
  if (list(secure) !== list(clear)) {
    return differ(`the survivors ${inRound}`, list(secure), list(clear))
  }
  const [weights, others] = [secure.result.totalWeight, clear.result.totalWeight]
  if (weights !== others) return differ(`the sum of weights ${inRound}`, weights, others)
  return (
    firstElement(`the sum of parameter # ${inRound}`, secure.sum[0]!, clear.sum[0]!) ??
    firstElement(`parameter # of the model ${inRound}`, secure.model, clear.model)
  )
}

function firstElement(
  what: string,
  secure: ArrayLike<number | bigint>,
  clear: ArrayLike<number | bigint>,
): string | undefined {
  if (secure.length !== clear.length) return differ(what.replace('#', 'count'), secure.length, clear.length)
  for (let i = 0; i < secure.length; i++) {
    // Unlike ===, this distinguishes 0 from -0, and NaN equals NaN.
    if (!Object.is(secure[i], clear[i])) return differ(what.replace('#', `${i}`), secure[i]!, clear[i]!)
  }
  return undefined
}

function differ(what: string, secure: string | number | bigint, clear: string | number | bigint): string {
  return `${what}: ${secure} with secure aggregation, ${clear} in the clear`
}
