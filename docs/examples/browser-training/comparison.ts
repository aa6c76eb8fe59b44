import type { RoundMean } from 'secagg/federated'

/** An update in the clear, and the number of examples that it comes from. */
export interface ClearUpdate {
  readonly update: readonly number[]
  readonly examples: number
}

/** The largest difference between a mean from secure aggregation and the weighted mean of these updates. */
export function largestError({ mean }: Pick<RoundMean, 'mean'>, updates: readonly ClearUpdate[]): number {
  const total = updates.reduce((sum, { examples }) => sum + examples, 0)
  return mean.reduce((most, value, index) => {
    const exact = updates.reduce((sum, { update, examples }) => sum + examples * update[index]!, 0) / total
    return Math.max(most, Math.abs(value - exact))
  }, 0)
}
