import { minimumLeft, minimumProven } from './chooser/check-assumptions.js'
import { CHOICE_LENGTH, maximumVisible } from './chosen.js'
import { completeGraph } from './graph.js'
import type { DrawnGraph, GraphShape } from './shape.js'

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
 * The seats that the U1 of which a client is told may consist of: any. On the other graphs the client does not know them
 * beforehand, and the result is the maximum number of them: k and itself on the sparse graph; on the chosen graph also
 * the clients that may have chosen it.
 */
export function publishableSeats(shape: GraphShape, clients: number): readonly number[] | number {
  if (shape.kind === 'complete') return completeGraph(clients).holders(0)
  return shape.kind === 'sparse' ? shape.neighbors + 1 : maximumVisible(clients, shape.neighbors)
}

/**
 * The minimum number of clients in U1 with which a round continues. On the sparse graph each client must find its k
 * neighbors, and k and t must still meet the assumptions among those who have shown up. On the chosen graph the proof
 * counts all seats, whoever shows up.
 */
export function minimumAdvertised(
  shape: GraphShape,
  clients: number,
  threshold: number,
  minimumCohort: number,
): number {
  if (shape.kind !== 'sparse') return minimumCohort
  const { neighbors, assumptions } = shape
  const minimum = Math.max(minimumCohort, neighbors + 1)
  if (assumptions === undefined) return minimum
  return Math.max(minimum, minimumProven({ clients, neighbors, threshold, assumptions }))
}

/**
 * The minimum number of clients in U2 and in U3 with which a round continues. On the sparse graph it is also the number that
 * is left if no more drop out than is assumed.
 */
export function minimumRemaining(drawn: DrawnGraph, minimumCohort: number): number {
  if (drawn.kind !== 'sparse' || drawn.assumptions === undefined) return minimumCohort
  return Math.max(minimumCohort, minimumLeft(drawn.ring.length, drawn.assumptions))
}

/**
 * The minimum number of seats of U1, its own included, that a client must be told of: the threshold and its own minimum; on
 * the sparse graph all of its neighbors, since the ring is drawn over U1; on the chosen graph t of its holders and itself.
 */
export function minimumPublished(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  if (shape.kind === 'complete') return Math.max(threshold, minimumSurvivors)
  return shape.kind === 'sparse' ? shape.neighbors + 1 : threshold + 1
}

/**
 * The minimum number of seats of U2 and of U3, its own included, that a client must be told of: the threshold and its own
 * minimum; on the other graphs enough holders to reconstruct its secrets.
 */
export function minimumSeen(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : threshold + 1
}

/** Bytes of the seed of a client's choice of holders, which goes with its keys; 0 where it chooses none. */
export function choiceLength(shape: GraphShape): number {
  return shape.kind === 'chosen' ? CHOICE_LENGTH : 0
}
