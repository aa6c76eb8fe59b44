import { minimumLeft, minimumProven } from './chooser/check-assumptions.js'
import { CHOICE_LENGTH, maximumVisible } from './chosen.js'
import { completeGraph } from './graph.js'
import type { DrawnGraph, GraphShape } from './shape.js'

/**
 * The seats that a message between the server and a client may name. Both sides know them: on the complete graph all seats, on
 * the other graphs those in `told`, which the server told the client, including its own.
 */
export function nameableSeats(
  shape: GraphShape,
  clients: number,
  told: readonly number[],
): readonly number[] {
  return shape.kind === 'complete' ? completeGraph(clients).holders(0) : told
}

/** Whether t is also a minimum for the number of clients in a round. If not, it only counts the holders of a secret. */
export function countsClients(shape: GraphShape): boolean {
  return shape.kind === 'complete'
}

/**
 * The seats that may occur in the U1 that the server sends to a client. On the complete graph these are all seats. On the other
 * graphs a client cannot know them in advance, so the result is their maximum number: k + 1 on the sparse graph; on the chosen
 * graph, the clients that may have chosen this one count as well.
 */
export function publishableSeats(shape: GraphShape, clients: number): readonly number[] | number {
  if (shape.kind === 'complete') return completeGraph(clients).holders(0)
  return shape.kind === 'sparse' ? shape.neighbors + 1 : maximumVisible(clients, shape.neighbors)
}

/**
 * The minimum number of clients in U1 with which a round continues. On the sparse graph, each client needs k neighbors, and k
 * and t must still be safe for the clients that are present. On the chosen graph, the proof counts all seats, no matter which
 * clients are present.
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
 * The minimum number of clients in U2 and in U3 with which a round continues. On the sparse graph it is at least the number
 * of clients that are left if as many drop out as the assumptions allow.
 */
export function minimumRemaining(drawn: DrawnGraph, minimumCohort: number): number {
  if (drawn.kind !== 'sparse' || drawn.assumptions === undefined) return minimumCohort
  return Math.max(minimumCohort, minimumLeft(drawn.ring.length, drawn.assumptions))
}

/**
 * The minimum number of seats of U1, including its own, that the server must send to a client. On the complete graph this is
 * the threshold or the client's own minimum, whichever is larger. On the sparse graph it is all neighbors and the client
 * itself, because the ring is drawn over U1. On the chosen graph it is t holders and the client itself.
 */
export function minimumPublished(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  if (shape.kind === 'complete') return Math.max(threshold, minimumSurvivors)
  return shape.kind === 'sparse' ? shape.neighbors + 1 : threshold + 1
}

/**
 * The minimum number of seats of U2 and of U3, including its own, that the server must send to a client. On the complete graph
 * this is the threshold or the client's own minimum, whichever is larger. On the other graphs it is t holders, which are
 * enough to recover the client's secrets, and the client itself.
 */
export function minimumSeen(shape: GraphShape, threshold: number, minimumSurvivors: number): number {
  return shape.kind === 'complete' ? Math.max(threshold, minimumSurvivors) : threshold + 1
}

/** The number of bytes of the seed of a choice, which a client sends with its keys; 0 if clients do not choose holders. */
export function choiceLength(shape: GraphShape): number {
  return shape.kind === 'chosen' ? CHOICE_LENGTH : 0
}

/**
 * k if clients prove with which of their k holders they have masked, in front of their masked vectors; 0 if they do not choose
 * holders, and so prove nothing.
 */
export function provenHolders(shape: GraphShape): number {
  return shape.kind === 'chosen' ? shape.neighbors : 0
}
