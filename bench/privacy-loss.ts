import { performance } from 'node:perf_hooks'
import {
  analyzeIntegerPrivacy,
  analyzePrivacy,
  chooseIntegerPrivacy,
  epsilonOf,
  type IntegerQuery,
  rdpOf,
} from 'secagg/privacy'

// The accountant: time for one ε and for choosing noise, and ε next to the one by Rényi divergence.
//   npm run bench:privacy

const histogram = {
  ...{ clients: 1000, minimumHonest: 700, length: 10, maximumSum: 1000, delta: 1e-6 },
  ...{ l1Sensitivity: 1, l2Sensitivity: 1 },
}
const five = { ...histogram, l1Sensitivity: 5, l2Sensitivity: Math.sqrt(5) }
const vector = { clients: 1000, minimumHonest: 700, length: 100_000, clip: 1, bits: 16, delta: 1e-6 }

/** The median time of five runs, in milliseconds, and the result. */
function timed<T>(run: () => T): { readonly result: T; readonly time: string } {
  const times: number[] = []
  let result = run()
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    result = run()
    times.push(performance.now() - start)
  }
  return { result, time: `${times.toSorted((a, b) => a - b)[2]!.toFixed(1)} ms` }
}

const queries: readonly (readonly [string, IntegerQuery, number])[] = [
  ['histogram, 1 round', histogram, 2],
  ['histogram, 1000 rounds', { ...histogram, rounds: 1000 }, 20],
  ['histogram, 1000 rounds, a tenth sampled', { ...histogram, rounds: 1000, samplingRate: 0.1 }, 20],
  ['five cells, 1000 rounds', { ...five, rounds: 1000 }, 25],
  ['histogram, a million rounds', { ...histogram, rounds: 1e6 }, 30],
]
console.log('one ε')
for (const [name, query, noiseStandardDeviation] of queries) {
  const { result, time } = timed(() => analyzeIntegerPrivacy({ ...query, noiseStandardDeviation }))
  const { epsilon, accountant, amplified, rounds, delta } = result
  const renyi = epsilonOf((order) => rounds * rdpOf(result)(order), delta).epsilon
  const sampled = amplified === undefined ? '' : `, amplified ${amplified.epsilon.toFixed(3)}`
  console.log(
    `${name}: ${time}, ε = ${epsilon.toFixed(3)} (${accountant})${sampled}; Rényi ${renyi.toFixed(3)}`,
  )
}
for (const samplingRate of [undefined, 0.1]) {
  const { result, time } = timed(() =>
    analyzePrivacy({ ...vector, rounds: 1000, noiseMultiplier: 20, samplingRate }),
  )
  const { epsilon, amplified } = result
  console.log(
    `100 000 floats, 1000 rounds: ${time}, ε = ${epsilon.toFixed(3)}, amplified ${amplified?.epsilon.toFixed(3)}`,
  )
}
console.log('choosing noise for ε = 1')
for (const [name, query] of queries.slice(0, 2)) {
  const { result, time } = timed(() => chooseIntegerPrivacy({ ...query, epsilon: 1 }))
  console.log(`${name}: ${time}, standard deviation ${result.noiseStandardDeviation}`)
}
