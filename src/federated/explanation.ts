import type { FixedPoint } from '../fixed-point/index.js'
import type { PlanNumbers, PlannedPrivacy } from './round-plan.js'

/** Each choice of a plan, for people. One function a sentence or two. */
export function explanationOf(plan: PlanNumbers): string[] {
  const { encoding, privacy } = plan
  return [
    supposed(plan),
    masks(plan),
    ...chance(plan),
    cohort(plan),
    update(plan),
    ...(encoding === undefined ? [] : [levels(encoding), lanes(encoding), error(encoding)]),
    ...(privacy === undefined
      ? []
      : [clipping(privacy), noise(privacy), promise(privacy), loss(plan, privacy)]),
    upload(plan),
  ]
}

function supposed({ task, corruptClients, dropouts }: PlanNumbers): string {
  const server =
    task.adversary === 'active' ? 'may do anything' : 'follows the protocol but looks at everything it gets'
  return (
    `It is assumed that ${atMost(corruptClients, `of the ${task.clients} clients`, 'collude')} with the server, which ` +
    `${server}, and that ${atMost(dropouts, '', 'drop')} out.`
  )
}

function masks({ task, graph, neighbors, threshold }: PlanNumbers): string {
  if (graph === 'sparse') {
    return (
      `A client shares masks with ${neighbors} neighbors on a random ring, and any ${threshold} of them can recover a secret of ` +
      'one that dropped out: the smallest numbers that keep both privacy and the sum.'
    )
  }
  const why =
    task.adversary === 'active'
      ? 'the smallest number for which any two groups of clients share an honest one'
      : 'more than half of them, and more than the corrupt ones'
  const others = neighbors === 1 ? 'the other one' : `all ${neighbors} others`
  return (
    `Every client shares masks with ${others}, and any ${threshold} clients can recover a secret of one that dropped out: ` +
    `${why}.`
  )
}

function chance({
  graph,
  securityBits,
  correctnessBits,
  minimumPresent,
  minimumCohort,
}: PlanNumbers): string[] {
  if (graph !== 'sparse') return []
  const present =
    minimumPresent > minimumCohort
      ? ` At least ${minimumPresent} clients must have sent their keys for that.`
      : ''
  const learns =
    securityBits === undefined
      ? 'the server cannot learn more than the sum'
      : `the server learns more than the sum with probability at most ${power(securityBits)}`
  const lost =
    correctnessBits === undefined
      ? 'the sum cannot be lost'
      : `the sum is lost with probability at most ${power(correctnessBits)}`
  return [`On a random ring, in one round, ${learns}, and ${lost}.${present}`]
}

function power(bits: number): string {
  return `2^−${bits.toFixed(1)}`
}

function cohort({ minimumCohort, minimumHonest, dropouts, task }: PlanNumbers): string {
  const planned = minimumCohort === task.clients - dropouts ? ', as many as are left after all dropouts' : ''
  return (
    `A sum has at least ${minimumCohort} inputs${planned}; with fewer there is none. At least ${minimumHonest} of them ` +
    `${minimumHonest === 1 ? 'is' : 'are'} honest.`
  )
}

function update({ length, manifest }: PlanNumbers): string {
  const tensors = manifest === undefined ? '' : ` in ${counted(manifest.tensors.length, 'tensor')}`
  return `An update is ${counted(length, 'value')}${tensors}.`
}

function levels({ clip, levels: count, step, rounding }: FixedPoint): string {
  const how =
    rounding === 'nearest' ? 'the nearest' : 'up or down at random, so that it stays right on average'
  return `Each value is clipped to ±${clip} and rounded to one of ${count} levels ${short(step)} apart: ${how}.`
}

function lanes({ bits, clients, maximumWeight, headroom, bitsPerValue }: FixedPoint): string {
  const [weights, room] =
    maximumWeight === 1
      ? ['', '']
      : [` with weights up to ${maximumWeight}`, `, or for weights up to ${headroom.maximumWeight}`]
  // A bit less per value halves the sum at least.
  const fitting = bitsPerValue - (bits - 32)
  const wide =
    bits > 32 && fitting >= 8
      ? ` More than 32 bits take lanes of 64, and more time; with ${fitting} bits per value 32 would do.`
      : ''
  return (
    `The sum of ${clients} such values${weights} cannot overflow ${counted(bits, 'bit')}; there would be room for ` +
    `${counted(headroom.clients, 'client')}${room}.${wide}`
  )
}

function error({ errorBound }: FixedPoint): string {
  return `No value of the mean is off by more than ${short(errorBound)} from that of the clipped updates.`
}

function clipping({ clip, dimension, scale, bits, wrapProbability, clients }: PlannedPrivacy): string {
  return (
    `The whole update is clipped to an L2 norm of ${clip}, rotated at random in ${dimension} dimensions and rounded to ` +
    `multiples of ${short(1 / scale)}. Sums are taken modulo 2^${bits}: if all ${clients} clients had the same update, an ` +
    `element would wrap around with probability ${short(wrapProbability)}.`
  )
}

function noise({
  distribution,
  localStandardDeviation,
  noiseMultiplier,
  minimumHonest,
}: PlannedPrivacy): string {
  const name = distribution === 'skellam' ? 'Skellam' : 'discrete Gaussian'
  return (
    `Every client adds ${name} noise of standard deviation ${short(localStandardDeviation)}. That of ` +
    `${counted(minimumHonest, 'honest client')} together is ${short(noiseMultiplier)} times the clip, and is enough for ε by itself.`
  )
}

function promise({ epsilon, delta, rounds, amplified }: PlannedPrivacy): string {
  const relation = 'neighbors: add or remove one client'
  const sampled =
    amplified === undefined
      ? ''
      : ` Where each client is sampled with probability ${amplified.samplingRate}, it is ${short(amplified.epsilon)} ` +
        `against those who see only results and not who took part (${relation}).`
  return (
    `ε = ${short(epsilon)} with δ = ${delta} over ${counted(rounds, 'round')}, against the server and everybody else ` +
    `(${relation}).${sampled}`
  )
}

function loss({ minimumCohort, length }: PlanNumbers, privacy: PlannedPrivacy): string {
  const { meanStandardDeviation, clip } = privacy
  return (
    `In the mean of ${minimumCohort} updates a value is off by a standard deviation of ${short(meanStandardDeviation)}, ` +
    `the whole mean by a norm of about ${short(meanStandardDeviation * Math.sqrt(length))}; no update is longer than ${clip}.`
  )
}

function upload({ uploadBytes, segments, length }: PlanNumbers): string {
  const expansion = uploadBytes / (4 * length)
  return (
    `A client sends ${uploadBytes} bytes of masked vector, ${segments[0]!.bits} bits for an element: ${expansion.toFixed(2)} ` +
    'times the update in single precision.'
  )
}

/** So many clients at most, in a sentence. */
export function atMost(count: number, ofAll: string, verb: 'collude' | 'drop'): string {
  const who = [count === 0 ? 'none' : `at most ${count}`, ofAll].filter((part) => part !== '').join(' ')
  return `${who} ${verb}${count < 2 ? 's' : ''}`
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

function short(value: number): number {
  return Number(value.toPrecision(4))
}
