import { drawing } from '../parts/dom.js'
import type { Play } from './play.js'
import { VICTIM } from './setup.js'

/** A place on the stage, in percent. */
export type Position = readonly [x: number, y: number]

const CENTER: Position = [50, 50]

/** From a client to a holder that it has chosen; from a holder to a client that it has acknowledged, or has not. */
type Arrow = 'chosen' | 'acknowledged' | 'denied'

const ARROWS: readonly Arrow[] = ['chosen', 'acknowledged', 'denied']

export function arrowHeads(): SVGDefsElement {
  const size = { markerWidth: 2.4, markerHeight: 2, refX: 2.4, refY: 1, markerUnits: 'userSpaceOnUse' }
  const heads = ARROWS.map((kind) => {
    const shape = drawing('path', { d: 'M0 0L2.4 1L0 2z', class: kind })
    return drawing('marker', { id: `arrow-${kind}`, ...size, orient: 'auto-start-reverse' }, shape)
  })
  return drawing('defs', {}, ...heads)
}

/** What is between the clients: their masks or, once holders have acknowledged clients and until the sum is there, that. */
export function linesOf(play: Play, positionOf: (seat: number) => Position): readonly SVGLineElement[] {
  const isAcknowledged = play.acknowledged.size > 0 && play.learned === undefined
  return isAcknowledged ? acknowledgementLines(play, positionOf) : maskLines(play, positionOf)
}

/** An arrow from each holder to each client that it has acknowledged, or should have, since the client's picture is there. */
function acknowledgementLines(play: Play, positionOf: (seat: number) => Position): readonly SVGLineElement[] {
  const answers = [...play.masked.keys()].flatMap((owner) =>
    (play.holders.get(owner) ?? []).flatMap((holder) => {
      const given = play.acknowledged.get(holder)
      if (given === undefined) return []
      return [{ owner, holder, kind: given.includes(owner) ? 'acknowledged' : 'denied' } as const]
    }),
  )
  // Those that are missing are drawn last, on top of the others.
  const sorted = [...answers].sort((one, other) => one.kind.localeCompare(other.kind))
  return sorted.map(({ owner, holder, kind }) => {
    const ends = [positionOf(holder), positionOf(owner)] as const
    const drawn = line(...ends, kind)
    drawn.dataset.from = String(holder)
    drawn.dataset.to = String(owner)
    shorten(drawn, ...ends, rimOf(play))
    addHead(drawn, 'end', kind)
    return drawn
  })
}

/**
 * One line for each pair of clients that shares a mask. Where clients choose their holders, it is an arrow to the holder, or
 * to both if each has chosen the other.
 */
function maskLines(play: Play, positionOf: (seat: number) => Position): readonly SVGLineElement[] {
  const { neighbors, setup } = play
  const lines = [...neighbors].flatMap(([seat, others]) =>
    others
      // Draw each pair once. A client that dropped out before the keys arrived has no list of neighbors.
      .filter((other) => other > seat || !neighbors.has(other))
      .map((other) => between(play, seat, other, positionOf)),
  )
  const isTrapped = setup.server === 'invented-clients' && neighbors.size > 0
  return isTrapped ? [...lines, line(positionOf(VICTIM), CENTER, 'made-up')] : lines
}

function between(
  play: Play,
  one: number,
  other: number,
  positionOf: (seat: number) => Position,
): SVGLineElement {
  const drawn = line(positionOf(one), positionOf(other), stateOf(play, one, other))
  const chose = (client: number, holder: number): boolean =>
    play.holders.get(client)?.includes(holder) === true
  if (play.holders.size === 0) return drawn
  shorten(drawn, positionOf(one), positionOf(other), rimOf(play))
  if (chose(one, other)) addHead(drawn, 'end', 'chosen')
  if (chose(other, one)) addHead(drawn, 'start', 'chosen')
  return drawn
}

function addHead(drawn: SVGLineElement, at: 'start' | 'end', kind: Arrow): void {
  drawn.setAttribute(`marker-${at}`, `url(#arrow-${kind})`)
}

/** How far the rim of a picture is from its middle. */
function rimOf({ pictures }: Play): number {
  return Math.min(15, 205 / pictures.length) / 2 + 0.5
}

/** Ends the line at the rims of the pictures, so that arrow heads are seen. */
function shorten(drawn: SVGLineElement, [x1, y1]: Position, [x2, y2]: Position, by: number): void {
  const part = by / Math.hypot(x2 - x1, y2 - y1)
  const ends = { x1: x1 + part * (x2 - x1), y1: y1 + part * (y2 - y1) }
  const others = { x2: x2 - part * (x2 - x1), y2: y2 - part * (y2 - y1) }
  for (const [name, value] of Object.entries({ ...ends, ...others })) drawn.setAttribute(name, String(value))
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
