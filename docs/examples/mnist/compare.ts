import type { TrainedRound } from './training.js'

/**
 * The first thing in which a round with secure aggregation and the same in the clear differ; `undefined` where they are
 * identical. The sums are compared beside the models, since rounding could hide a difference of one unit in a model.
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
    // Unlike ===, this tells 0 from -0 and takes NaN for itself, as comparing bits does.
    if (!Object.is(secure[i], clear[i])) return differ(what.replace('#', `${i}`), secure[i]!, clear[i]!)
  }
  return undefined
}

function differ(what: string, secure: string | number | bigint, clear: string | number | bigint): string {
  return `${what}: ${secure} with secure aggregation, ${clear} in the clear`
}
