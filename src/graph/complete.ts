import type { Graph } from './graph.js'

/**
 * Everybody with everybody (Bonawitz et al. 2017): all seats hold shares of everybody's secrets, their own included,
 * and every pair shares a mask.
 */
export function completeGraph(clients: number): Graph {
  const seats = Array.from({ length: clients }, (_, seat) => seat)
  return {
    holders: () => seats,
    maskNeighbors: (seat) => seats.filter((other) => other !== seat),
  }
}
