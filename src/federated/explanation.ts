import type { FixedPoint } from '../fixed-point/index.js'
import { MAXIMUM_STRENGTH } from '../graph/chooser/assumptions.js'
import { RELATION } from '../privacy/explain.js'
import type { ClipGroup } from './clip-layout.js'
import type { PlanNumbers, PlannedPrivacy } from './round-plan.js'

/** Explains each choice of a plan in plain sentences. Each function below writes one or two. */
export function explanationOf(plan: PlanNumbers): string[] {
  const { encoding, privacy } = plan
  return [
    supposed(plan),
    masks(plan),
    ...chance(plan),
    cohort(plan),
    update(plan),
    ...(encoding === undefined ? [] : [levels(encoding, plan), lanes(encoding), error(encoding, plan)]),
    ...(privacy === undefined
      ? []
      : [clipping(privacy, plan), noise(privacy), promise(privacy, plan), loss(plan, privacy)]),
    ...adaptation(plan),
    ...contributions(plan),
    upload(plan),
  ]
}

function supposed({ task, corruptClients, dropouts }: PlanNumbers): string {
  const server =
    task.adversary === 'active' ? 'may do anything' : 'follows the protocol but reads everything it receives'
  return (
    `The plan assumes that ${atMost(corruptClients, `of the ${task.clients} clients`, 'collude')} with the server, which ` +
    `${server}, and that ${atMost(dropouts, '', 'drop')} out.`
  )
}

function masks({ task, graph, neighbors, threshold }: PlanNumbers): string {
  if (graph === 'sparse' && task.adversary === 'active') {
    return (
      `Every client chooses ${neighbors} others at random as holders of shares of its secrets. Any ${threshold} holders of a ` +
      'client that dropped out can recover its secrets. These are the smallest numbers that protect both privacy and the sum. ' +
      'A client shares masks with its holders and with the clients that have chosen it.'
    )
  }
  if (graph === 'sparse') {
    return (
      `Every client shares masks with ${neighbors} neighbors on a random ring. Any ${threshold} neighbors of a client that ` +
      'dropped out can recover its secrets. These are the smallest numbers that protect both privacy and the sum.'
    )
  }
  const why =
    task.adversary === 'active'
      ? `${threshold} is the smallest number for which any two groups of that size have an honest client in common`
      : `${threshold} is more than half of the clients, and more than the corrupt ones`
  const others = neighbors === 1 ? 'the other client' : `all ${neighbors} others`
  return (
    `Every client shares masks with ${others}. Any ${threshold} clients can recover the secrets of a client that dropped out: ` +
    `${why}.`
  )
}

function chance({
  task,
  graph,
  securityBits,
  correctnessBits,
  minimumPresent,
  minimumCohort,
  minimumHonest,
}: PlanNumbers): string[] {
  if (graph !== 'sparse') return []
  const present =
    minimumPresent > minimumCohort
      ? ` For this, at least ${minimumPresent} clients must have sent their keys.`
      : ''
  const learns =
    securityBits === undefined
      ? 'the server cannot learn more than the sum'
      : `the server learns more than the sum with probability at most ${power(securityBits)}`
  const lost =
    correctnessBits === undefined
      ? 'the sum cannot be lost'
      : `the sum is lost with probability at most ${power(correctnessBits)}`
  if (task.adversary === 'active') {
    return [
      'Even a server that lies, and that sees all choices before it decides who drops out, learns at most one sum, of at least ' +
        `${minimumHonest} honest inputs. In each round ${learns}, and ${lost} if dropouts do not depend on the choices.${present}`,
    ]
  }
  return [`In each round ${learns}, and ${lost}.${present}`]
}

function power(bits: number): string {
  return `2^−${bits.toFixed(1)}`
}

function cohort({ minimumCohort, minimumHonest, dropouts, task }: PlanNumbers): string {
  const planned = minimumCohort === task.clients - dropouts ? ', the number left after all dropouts' : ''
  const honest = `${minimumHonest} of them ${minimumHonest === 1 ? 'comes from an honest client' : 'come from honest clients'}`
  return `A sum has at least ${minimumCohort} inputs${planned}. At least ${honest}. With fewer inputs, the round ends without a sum.`
}

function update({ length, manifest }: PlanNumbers): string {
  const tensors = manifest === undefined ? '' : ` in ${counted(manifest.tensors.length, 'tensor')}`
  return `An update has ${counted(length, 'value')}${tensors}.`
}

function levels({ clip, levels: count, step, rounding }: FixedPoint, { groups }: PlanNumbers): string {
  const how =
    rounding === 'nearest' ? 'to the nearest one' : 'up or down at random, so that it is right on average'
  if (groups !== undefined) {
    return `Each value is clipped to the clip of its group (${clips(groups, '±')}) and rounded to one of ${count} levels: ${how}.`
  }
  return `Each value is clipped to ±${clip} and rounded to one of ${count} levels, which are ${short(step)} apart: ${how}.`
}

/** The clips of the first groups. */
function clips(groups: readonly ClipGroup[], sign: string): string {
  const shown = groups.slice(0, 5).map(({ name, clip }) => `${JSON.stringify(name)}: ${sign}${short(clip)}`)
  return `${shown.join(', ')}${groups.length > 5 ? `, and ${groups.length - 5} more` : ''}`
}

function lanes({ bits, clients, maximumWeight, headroom, bitsPerValue }: FixedPoint): string {
  const [weights, room] =
    maximumWeight === 1
      ? ['', '']
      : [` with weights up to ${maximumWeight}`, `, or for weights up to ${headroom.maximumWeight}`]
  // Each bit less per value at least halves the sum.
  const fitting = bitsPerValue - (bits - 32)
  const wide =
    bits > 32 && fitting >= 8
      ? ` More than 32 bits need 64-bit lanes, which are slower; with ${fitting} bits per value, 32 bits are enough.`
      : ''
  return (
    `The sum of ${clients} such values${weights} cannot overflow ${counted(bits, 'bit')}. There is room for ` +
    `${counted(headroom.clients, 'client')}${room}.${wide}`
  )
}

function error({ errorBound }: FixedPoint, { groups, manifest }: PlanNumbers): string {
  if (groups !== undefined) {
    return (
      'No value of the mean differs from the mean of the clipped updates by more than ' +
      `${short(errorBound)} times the clip of its group.`
    )
  }
  const many = manifest !== undefined && manifest.tensors.length > 1
  const advice = many
    ? ` For a tensor whose values are all below ${short(50 * errorBound)}, that is more than 2 %; give such tensors a clip by group.`
    : ''
  return `No value of the mean differs from the mean of the clipped updates by more than ${short(errorBound)}.${advice}`
}

function clipping(
  { clip, dimension, scale, bits, wrapProbability, clients }: PlannedPrivacy,
  { groups }: PlanNumbers,
): string {
  const how =
    groups === undefined
      ? `The whole update is clipped to an L2 norm of ${clip}, rotated`
      : `Each group is clipped to its L2 norm (${clips(groups, '')}) and divided by it, so that the whole vector has a norm of at ` +
        `most ${short(clip)}. It is rotated`
  return (
    `${how} at random in ${dimension} dimensions and rounded to multiples of ${short(1 / scale)}. Sums are taken modulo ` +
    `2^${bits}. If all ${clients} clients had the same update, an element would wrap around with probability ` +
    `${short(wrapProbability)}.`
  )
}

function adaptation({ task, privacy }: PlanNumbers): string[] {
  const { adaptiveClip } = task
  if (adaptiveClip === undefined) return []
  const noisy =
    privacy?.fractionStandardDeviation === undefined
      ? ''
      : ` Noise with a standard deviation of ${short(privacy.fractionStandardDeviation)} is in this fraction. It is part of the ` +
        'same vector, so ε covers it too.'
  const { quantile } = adaptiveClip
  const aim =
    quantile === 1
      ? 'raises the clip until all clients are within it'
      : `moves the clip toward the ${short(quantile)} quantile`
  return [
    `The sum also tells, for each clip, which fraction of the clients was within it. The next plan ${aim}.${noisy}`,
  ]
}

function noise({
  distribution,
  localStandardDeviation,
  noiseMultiplier,
  minimumHonest,
}: PlannedPrivacy): string {
  const name = distribution === 'skellam' ? 'Skellam' : 'discrete Gaussian'
  return (
    `Every client adds ${name} noise with a standard deviation of ${short(localStandardDeviation)}. The noise of ` +
    `${counted(minimumHonest, 'honest client')} alone is enough for ε: together it is ${short(noiseMultiplier)} times the clip.`
  )
}

function promise({ epsilon, delta, rounds, amplified }: PlannedPrivacy, plan: PlanNumbers): string {
  const failure = graphFailure(plan)
  const graph =
    failure === 0
      ? ''
      : ` In addition to δ, the sparse graph can fail: over ${counted(rounds, 'round')}, the server learns more than the sums ` +
        `with probability at most ${shortAbove(failure)}. In that case, ε does not hold.`
  const sampled =
    amplified === undefined
      ? ''
      : ` If each client is sampled independently with probability ${amplified.samplingRate}, ε is ` +
        `${short(amplified.epsilon)} against observers who do not learn the number or the identity of the participants, ` +
        `provided that the noise does not depend on who was sampled (${RELATION}). The library ensures neither: the ` +
        'server sees who took part, a result states how many clients did, and the participants add the noise.'
  return (
    `ε = ${short(epsilon)} with δ = ${delta} over ${counted(rounds, 'round')}, against the server and everyone else ` +
    `(${RELATION}).${graph}${sampled}`
  )
}

/**
 * The probability that the sparse graph lets the server learn more than the sum in any of the rounds that ε covers. It is not
 * part of δ. 0 if this cannot happen, and without a privacy target.
 */
function graphFailure({ securityBits, privacy }: PlanNumbers): number {
  if (securityBits === undefined || privacy === undefined) return 0
  return Math.min(privacy.rounds * Math.max(2 ** -securityBits, Number.MIN_VALUE), 1)
}

/** Warns if the graph is more likely to fail than δ allows for the noise. */
export function graphWarnings(plan: PlanNumbers): string[] {
  const { privacy } = plan
  const failure = graphFailure(plan)
  if (privacy === undefined || failure <= privacy.delta) return []
  const { delta, rounds } = privacy
  const needed = Math.ceil(Math.log2(rounds / delta))
  const remedy =
    needed > MAXIMUM_STRENGTH
      ? 'On the complete graph, this cannot happen.'
      : `With statisticalSecurity: ${needed}, it is at most δ. On the complete graph, it cannot happen.`
  return [
    `The sparse graph can fail. Over ${counted(rounds, 'round')}, the server learns more than the sums with probability at most ` +
      `${shortAbove(failure)}. This is more than δ = ${delta} and adds to it. ${remedy}`,
  ]
}

function loss({ minimumCohort, length, groups }: PlanNumbers, privacy: PlannedPrivacy): string {
  const { meanStandardDeviation, clip } = privacy
  if (groups !== undefined) {
    return (
      `In the mean of ${minimumCohort} updates, the error of a value has a standard deviation of ` +
      `${short(meanStandardDeviation)} times the clip of its group.`
    )
  }
  return (
    `In the mean of ${minimumCohort} updates, the error of a value has a standard deviation of ${short(meanStandardDeviation)}, ` +
    `and the error of the whole mean has a norm of about ${short(meanStandardDeviation * Math.sqrt(length))}. The norm of a ` +
    `clipped update is at most ${clip}.`
  )
}

function contributions({ task, privacy }: PlanNumbers): string[] {
  if (task.contributions === undefined) return []
  const { minimum, perClient } = task.contributions
  const deviation = privacy?.countStandardDeviation
  return [
    deviation === undefined
      ? `Elements to which fewer than ${minimum} clients contributed are withheld from the mean. The server sees all counts and sums.`
      : `Elements with a noisy count of contributors below ${minimum} are withheld from the mean. A client contributes to at most ` +
        `${perClient} elements. The noise has a standard deviation of ${short(deviation)}, and ε covers it too.`,
  ]
}

function upload({ uploadBytes, segments, length }: PlanNumbers): string {
  const expansion = uploadBytes / (4 * length)
  return (
    `A client sends ${uploadBytes} bytes of masked vector, ${segments[0]!.bits} bits per element: ${expansion.toFixed(2)} ` +
    'times the size of the update in single precision.'
  )
}

/** The start of a sentence, such as "at most 5 of the clients collude". */
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

/** Like {@link short}, but never below the value. */
function shortAbove(value: number): number {
  const nearest = short(value)
  return nearest >= value ? nearest : short(value * (1 + 6e-4))
}
