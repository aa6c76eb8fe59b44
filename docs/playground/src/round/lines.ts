import { drawing } from '../parts/dom.js'
import type { Play } from './play.js'
import { VICTIM } from './setup.js'

/** A place on the stage, in percent. */
export type Position = readonly [x: number, y: number]

const CENTER: Position = [50, 50]

/** One line for each pair of clients that shares a mask. */
export function maskLines(play: Play, positionOf: (seat: number) => Position): readonly SVGLineElement[] {
  const { neighbors, setup } = play
  const lines = [...neighbors].flatMap(([seat, others]) =>
    others
      // Draw each pair once. A client that dropped out before the keys arrived has no list of neighbors.
      .filter((other) => other > seat || !neighbors.has(other))
      .map((other) => line(positionOf(seat), positionOf(other), stateOf(play, seat, other))),
  )
  const isTrapped = setup.server === 'invented-clients' && neighbors.size > 0
  return isTrapped ? [...lines, line(positionOf(VICTIM), CENTER, 'made-up')] : lines
}

/** The state of the mask that two clients share. */
function stateOf({ masked, learned, phase }: Play, one: number, other: number): string {
  const isCollected = phase === 'consistency-check' || phase === 'unmasking' || learned !== undefined
  if (!isCollected) return 'agreed'
  const sent = [one, other].filter((seat) => masked.has(seat)).length
  if (sent === 2) return 'cancelled'
  if (sent === 0) return 'unused'
  return learned === undefined ? 'open' : 'removed'
}

function line([x1, y1]: Position, [x2, y2]: Position, state: string): SVGLineElement {
  return drawing('line', { x1, y1, x2, y2, class: state })
}
