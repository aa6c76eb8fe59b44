import { type GraphAssumptions, leastProven } from './assumptions.js'
import { completeGraph } from './complete.js'
import { type Graph, indexOfSeat } from './graph.js'
import { drawRing, hararyGraph } from './harary.js'

/**
 * Which graph a round is on, as its configuration says. Everything in which the two differ is said in this folder:
 *
 * | | complete (Bonawitz et al. 2017) | sparse (Bell et al. 2020) |
 * | --- | --- | --- |
 * | holders of u's secrets | all seats, u included | the neighbors of u, u not included |
 * | t counts | holders of one secret, and so also bounds U1 to U5 | holders of one secret only |
 * | a client knows of | everybody | its neighbors; how many others there are it cannot see |
 */
export type GraphShape = CompleteShape | SparseShape

export interface CompleteShape {
  readonly kind: 'complete'
}

export interface SparseShape {
  readonly kind: 'sparse'
  /** k: the degree, even. */
  readonly neighbors: number
  /** What k and t are to withstand; absent where nobody has asked for a proof. */
  readonly assumptions: GraphAssumptions | undefined
}

/** A {@link GraphShape} on the clients of a round, as the server's states hold it. */
export type DrawnGraph = CompleteShape | (SparseShape & { readonly ring: readonly number[] })

/**
 * The graph for the clients of U1. It is drawn after their keys are there, so that nobody who drops out before thins
 * the degree that was counted on.
 */
export function drawGraph(
  shape: GraphShape,
  seats: readonly number[],
  randomBytes: (length: number) => Uint8Array,
): DrawnGraph {
  if (shape.kind === 'complete') return { kind: 'complete' }
  return { ...shape, ring: drawRing(seats, randomBytes) }
}

/** Graphs made of drawn ones; they say nothing that the drawn one does not. */
const graphs = new WeakMap<DrawnGraph, Graph>()

/** The relations of a drawn graph among `clients` seats; the same object for the same drawn graph. */
export function graphOf(drawn: DrawnGraph, clients: number): Graph {
  const made = graphs.get(drawn)
  if (made !== undefined) return made
  const graph = drawn.kind === 'complete' ? completeGraph(clients) : hararyGraph(drawn.ring, drawn.neighbors)
  graphs.set(drawn, graph)
  return graph
}

/**
 * The seats of `known` that the client at `seat` hears of: on the complete graph all, on the sparse one itself and the
 * seats it is joined to. Both lists are ascending.
 */
export function visibleFrom(
  drawn: DrawnGraph,
  clients: number,
  seat: number,
  known: readonly number[],
): readonly number[] {
  if (drawn.kind === 'complete') return known
  const around = [seat, ...graphOf(drawn, clients).maskNeighbors(seat)].sort((a, b) => a - b)
  return around.filter((other) => indexOfSeat(known, other) >= 0)
}

/**
 * The holders of the secrets of the client at `seat`, as far as it can tell: from the configuration alone, or from
 * `published`, the seats that it was told of.
 */
export function holdersKnownTo(
  shape: GraphShape,
  seat: number,
  clients: number,
  published: readonly number[],
): readonly number[] {
  if (shape.kind === 'complete') return completeGraph(clients).holders(seat)
  return published.filter((other) => other !== seat)
}

/**
 * The seats that a message between the server and a client may name, which both know: all of them, or those that the
 * client was `told` of, itself included.
 */
export function nameableSeats(
  shape: GraphShape,
  clients: number,
  told: readonly number[],
): readonly number[] {
  return shape.kind === 'complete' ? completeGraph(clients).holders(0) : told
}

/**
 * The seats of which the U1 that a client is told of may consist: any; or, on the sparse graph, k that it does not know
 * beforehand and itself, of which only the number is given here.
 */
export function publishableSeats(shape: GraphShape, clients: number): readonly number[] | number {
  return shape.kind === 'complete' ? completeGraph(clients).holders(0) : shape.neighbors + 1
}

/**
 * The fewest clients of U1 with which a round goes on: on the sparse graph each has to find its k neighbors, and what is
 * assumed still has to be withstood by k and t among those who have shown up.
 */
export function leastAdvertised(
  shape: GraphShape,
  clients: number,
  threshold: number,
  minimumCohort: number,
): number {
  if (shape.kind === 'complete') return minimumCohort
  const { neighbors, assumptions } = shape
  const least = Math.max(minimumCohort, neighbors + 1)
  if (assumptions === undefined) return least
  return Math.max(least, leastProven({ clients, neighbors, threshold, assumptions }))
}

/**
 * The fewest seats of U1 and U2, itself included, that a client must see: the threshold and its own minimum; or enough
 * neighbors to hold its secrets.
 */
export function leastSharing(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : threshold + 1
}

/** The fewest seats of U3, itself included, that a client must see; on the sparse graph it sees no cohort to count. */
export function leastSurvivors(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : 1
}

/** The fewest clients of U5: on the sparse graph only each owner's holders count, not all that have answered. */
export function leastAnswers(shape: GraphShape, threshold: number): number {
  return shape.kind === 'complete' ? threshold : 1
}
