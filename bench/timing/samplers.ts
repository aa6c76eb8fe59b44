import { nodeCrypto } from 'secagg/crypto'
import { createNoiseSampler } from 'secagg/privacy'
import type { Operation } from './harness.js'

const VARIANCE = 1e6

/** A draw has no input; the classes are by what is drawn. */
function sampling(distribution: 'skellam' | 'discrete-gaussian'): Operation {
  const sampler = createNoiseSampler(distribution, VARIANCE, nodeCrypto()!)
  const drawn = new Int32Array(1)
  return {
    name: `one draw of noise, ${distribution}, variance 10^6`,
    classes: 'what is drawn: beyond or within one standard deviation',
    construction: 'no: rejection sampling',
    prepare: () => undefined,
    run: () => sampler.fill(drawn),
    classify: () => (Math.abs(drawn[0]!) > Math.sqrt(VARIANCE) ? 0 : 1),
  }
}

export function samplers(): Operation[] {
  return [sampling('skellam'), sampling('discrete-gaussian')]
}
