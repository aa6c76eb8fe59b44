import { contingency, frequency } from './categories.js'
import type { Codec } from './codec.js'
import { count } from './count.js'
import type { Statistic } from './definition.js'
import { histogram } from './histogram.js'
import { invalid } from './invalid.js'
import { sketch } from './sketch.js'
import { mean, sum, variance } from './values.js'

const KINDS: { readonly [Kind in Statistic['kind']]: Codec<Extract<Statistic, { kind: Kind }>> } = {
  count,
  sum,
  mean,
  variance,
  histogram,
  frequency,
  contingency,
  sketch,
}

/** @throws {SecAggError} `invalid-configuration` where there is no such kind. */
export function codecFor(statistic: Statistic, subject: string): Codec<Statistic> {
  const kind: unknown = statistic?.kind
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    throw invalid(`the kind of ${subject} must be one of ${Object.keys(KINDS).join(', ')}`, kind)
  }
  return KINDS[kind as Statistic['kind']] as Codec<Statistic>
}
