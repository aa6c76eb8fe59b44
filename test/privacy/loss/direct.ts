import type { NoiseDistribution } from 'secagg/privacy'
import { discreteGaussianLaw, type LogLaw, skellamLaw, sumLaw } from '../support.js'

/** What a program that knows the noise sees: the probability of each outcome with a client, and without it. */
export interface Outcomes {
  readonly present: Float64Array
  readonly absent: Float64Array
}

/** The law of the noise of `honest` clients together. */
export function lawOf(distribution: NoiseDistribution, honest: number, localVariance: number): LogLaw {
  if (distribution === 'skellam') return skellamLaw(honest * localVariance, reachOf(honest * localVariance))
  const law = discreteGaussianLaw(localVariance, reachOf(localVariance))
  return honest === 1 ? law : sumLaw(law, honest)
}

function reachOf(variance: number): number {
  return Math.ceil(14 * Math.sqrt(variance) + 12)
}

/** One element that the client changes by `shift`. */
export function outcomesOf(law: LogLaw, shift: number): Outcomes {
  const values = Array.from({ length: 2 * law.reach + 1 - shift }, (_, i) => i - law.reach + shift)
  return {
    present: Float64Array.from(values, (z) => Math.exp(law.at(z - shift))),
    absent: Float64Array.from(values, (z) => Math.exp(law.at(z))),
  }
}

/** Independent elements or rounds: every pair of outcomes. */
export function product(a: Outcomes, b: Outcomes): Outcomes {
  const each = (x: Float64Array, y: Float64Array): Float64Array => {
    const all = new Float64Array(x.length * y.length)
    for (let i = 0; i < x.length; i++)
      for (let j = 0; j < y.length; j++) all[i * y.length + j] = x[i]! * y[j]!
    return all
  }
  return { present: each(a.present, b.present), absent: each(a.absent, b.absent) }
}

/** A round in which the client takes part with this probability. */
export function sampled({ present, absent }: Outcomes, rate: number): Outcomes {
  return { present: present.map((p, i) => rate * p + (1 - rate) * absent[i]!), absent }
}

export function swapped({ present, absent }: Outcomes): Outcomes {
  return { present: absent, absent: present }
}

/** The exact δ at ε: Σ max(P − e^ε Q, 0). */
export function exactDelta({ present, absent }: Outcomes, epsilon: number): number {
  const factor = Math.exp(epsilon)
  return present.reduce((sum, p, i) => sum + Math.max(p - factor * absent[i]!, 0), 0)
}
