import { type GraphAssumptions, minimumLeft, minimumProven } from './chooser/check-assumptions.js'
import { completeGraph, drawRing, type Graph, hararyGraph, indexOfSeat, memberAt } from './graph.js'

/**
 * Which graph a round is on, as its configuration says. Everything in which the two differ is said in this folder:
 *
 * | | complete (Bonawitz et al. 2017) | sparse (Bell et al. 2020) |
 * | --- | --- | --- |
 * | holders of u's secrets | all seats, u included | the neighbors of u, u not included |
 * | t counts | holders of one secret, and so also bounds U1 to U5 | holders of one secret only |
 * | a client knows of | everybody | its neighbors; how many others there are it cannot see |
 * @public
 */
export type GraphShape = CompleteShape | SparseShape

/** @public */
export interface CompleteShape {
  readonly kind: 'complete'
}

/** @public */
export interface SparseShape {
  readonly kind: 'sparse'
  /** k: the degree, even. */
  readonly neighbors: number
  /** What k and t are to withstand; absent where nobody has asked for a proof. */
  readonly assumptions: GraphAssumptions | undefined
}

/**
 * A {@link GraphShape} on the clients of a round, as the server's states hold it.
 * @public
 */
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
  return around(drawn, clients, seat).filter((other) => indexOfSeat(known, other) >= 0)
}

/** As {@link visibleFrom}, of members that each have a seat. */
export function visibleAmong<T extends { readonly seat: number }>(
  drawn: DrawnGraph,
  clients: number,
  seat: number,
  members: readonly T[],
): readonly T[] {
  if (drawn.kind === 'complete') return members
  return around(drawn, clients, seat).flatMap((other) => memberAt(members, other) ?? [])
}

/** The client at `seat` and its neighbors, ascending. */
function around(drawn: DrawnGraph, clients: number, seat: number): readonly number[] {
  const neighbors = graphOf(drawn, clients).maskNeighbors(seat)
  const after = neighbors.findIndex((neighbor) => neighbor > seat)
  return neighbors.toSpliced(after < 0 ? neighbors.length : after, 0, seat)
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

/** Whether t counts the clients of a round, all of whom a client sees, or only the holders of one secret. */
export function countsClients(shape: GraphShape): boolean {
  return shape.kind === 'complete'
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
export function minimumAdvertised(
  shape: GraphShape,
  clients: number,
  threshold: number,
  minimumCohort: number,
): number {
  if (shape.kind === 'complete') return minimumCohort
  const { neighbors, assumptions } = shape
  const least = Math.max(minimumCohort, neighbors + 1)
  if (assumptions === undefined) return least
  return Math.max(least, minimumProven({ clients, neighbors, threshold, assumptions }))
}

/**
 * The fewest clients of U2 and U3 with which a round goes on: on the sparse graph also those that are left where no more
 * drop out than is assumed.
 */
export function minimumRemaining(drawn: DrawnGraph, minimumCohort: number): number {
  if (drawn.kind === 'complete' || drawn.assumptions === undefined) return minimumCohort
  return Math.max(minimumCohort, minimumLeft(drawn.ring.length, drawn.assumptions))
}

/**
 * An owner among `owners` of whose holders fewer than `threshold` are `present`, so that its secrets are lost; on the
 * complete graph the number of clients says it all. Both lists are ascending.
 */
export function ownerWithoutHolders(
  drawn: DrawnGraph,
  clients: number,
  threshold: number,
  owners: readonly number[],
  present: readonly number[],
): number | undefined {
  if (drawn.kind === 'complete') return undefined
  const { holders } = graphOf(drawn, clients)
  return owners.find((owner) => {
    const left = holders(owner).filter((holder) => indexOfSeat(present, holder) >= 0)
    return left.length < threshold
  })
}

/**
 * The fewest seats of U1, itself included, that a client must be told of: the threshold and its own minimum; or all of
 * its neighbors, since the ring is drawn over U1.
 */
export function minimumPublished(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : shape.neighbors + 1
}

/**
 * The fewest seats of U2 and of U3, itself included, that a client must be told of: the threshold and its own minimum;
 * or enough neighbors to reconstruct its secrets.
 */
export function minimumSeen(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : threshold + 1
}
