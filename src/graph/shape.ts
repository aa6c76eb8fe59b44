import type { GraphAssumptions } from './chooser/check-assumptions.js'
import {
  type ChoosingClient,
  chooseHolders,
  chosenGraph,
  withEnoughHolders,
  withoutCrowded,
} from './chosen.js'
import {
  completeGraph,
  drawRing,
  type Graph,
  hararyGraph,
  hasPlace,
  memberAt,
  placesIn,
  seatsIn,
} from './graph.js'

/**
 * The graph in the configuration of a round. Only this folder knows how the three kinds differ:
 *
 * | | complete (Bonawitz et al. 2017) | sparse (Bell et al. 2020) | chosen (Bell et al. 2020, malicious server) |
 * | --- | --- | --- | --- |
 * | holders of u's secrets | all seats, u included | the neighbors of u on a ring that the server draws | k seats that u draws |
 * | u masks with | all others | its neighbors | its holders, and the clients it is a holder of |
 * | t is a minimum for | the holders of a secret, and so also for U1 to U5 | the holders of a secret | the holders of a secret |
 * | a client sees | everybody | its neighbors; it cannot count the others | the clients it masks with |
 * @public
 */
export type GraphShape = CompleteShape | SparseShape | ChosenShape

/**
 * Every client shares masks with every other, and all clients hold shares of all secrets.
 * @public
 */
export interface CompleteShape {
  readonly kind: 'complete'
}

/**
 * Clients stand on a ring that the server draws. Each shares masks with its nearest neighbors, which hold shares of its secrets.
 * @public
 */
export interface SparseShape {
  readonly kind: 'sparse'
  /** k: the degree, even. */
  readonly neighbors: number
  /** The assumptions under which k and t must be safe; `undefined` if the configuration does not require a proof. */
  readonly assumptions: GraphAssumptions | undefined
}

/**
 * Each client draws its own holders, so that a server that lies cannot choose them.
 * @public
 */
export interface ChosenShape {
  readonly kind: 'chosen'
  /** k: how many holders each client draws. */
  readonly neighbors: number
  /** The assumptions under which k and t must be safe; `undefined` if the configuration does not require a proof. */
  readonly assumptions: GraphAssumptions | undefined
}

/**
 * A {@link GraphShape} together with the ring or the choices of a round. The server's states contain it.
 * @public
 */
export type DrawnGraph = CompleteShape | (SparseShape & DrawnRing) | (ChosenShape & DrawnChoices)

/**
 * The ring that the server has drawn.
 * @public
 */
export interface DrawnRing {
  /** The seats, in the order of the ring. */
  readonly ring: readonly number[]
}

/**
 * The holders that the clients have drawn.
 * @public
 */
export interface DrawnChoices {
  /** The configuration's hash, on which the choices depend. */
  readonly hash: Uint8Array
  /** Ascending by seat. */
  readonly choices: readonly ChoosingClient[]
}

/** The graph of a round, and what choices of holders depend on. */
export interface GraphContext {
  readonly graph: GraphShape
  readonly clients: number
  readonly hash: Uint8Array
}

/** A client and its keys. On the chosen graph, the keys come with the seed of its choice of holders. */
interface KeyedClient {
  readonly seat: number
  readonly keys: { readonly choice?: Uint8Array | undefined }
}

/**
 * Determines U1 and draws the graph on it. `clients` are the clients that have sent keys, ascending by seat. The graph is drawn
 * only then, so that clients that drop out earlier do not reduce the number of neighbors.
 *
 * On the chosen graph, U1 does not include clients that too many others have chosen, and clients that have fewer than t
 * holders in U1.
 */
export function drawGraph<C extends KeyedClient>(
  { graph: shape, clients: seats, hash, threshold }: GraphContext & { readonly threshold: number },
  clients: readonly C[],
  randomBytes: (length: number) => Uint8Array,
): { readonly graph: DrawnGraph; readonly clients: readonly C[] } {
  if (shape.kind === 'complete') return { graph: { kind: 'complete' }, clients }
  if (shape.kind === 'sparse') {
    const ring = drawRing(
      clients.map(({ seat }) => seat),
      randomBytes,
    )
    return { graph: { ...shape, ring }, clients }
  }
  const context = { hash, clients: seats, neighbors: shape.neighbors }
  const choosing = clients.map(({ seat, keys }) => ({ seat, choice: keys.choice ?? new Uint8Array(0) }))
  const whole = chosenGraph(context, choosing)
  const admitted = withoutCrowded(context, choosing, whole)
  const among = admitted.length === choosing.length ? whole : chosenGraph(context, admitted)
  const remaining = withEnoughHolders(
    among,
    admitted.map(({ seat }) => seat),
    threshold,
  )
  const graph: DrawnGraph = {
    ...shape,
    hash,
    choices: remaining.map((seat) => memberAt(admitted, seat)!),
  }
  if (remaining.length === admitted.length) graphs.set(graph, among)
  return { graph, clients: remaining.map((seat) => memberAt(clients, seat)!) }
}

/** A cache: everything in these graphs follows from the drawn graph. */
const graphs = new WeakMap<DrawnGraph, Graph>()

/** The relations of a drawn graph among `clients` seats; the same object for the same drawn graph. */
export function graphOf(drawn: DrawnGraph, clients: number): Graph {
  const made = graphs.get(drawn)
  if (made !== undefined) return made
  const graph = makeGraph(drawn, clients)
  graphs.set(drawn, graph)
  return graph
}

function makeGraph(drawn: DrawnGraph, clients: number): Graph {
  if (drawn.kind === 'complete') return completeGraph(clients)
  const { neighbors } = drawn
  if (drawn.kind === 'sparse') return hararyGraph(drawn.ring, neighbors)
  return chosenGraph({ hash: drawn.hash, clients, neighbors }, drawn.choices)
}

/**
 * The seats of `known` that the client at `seat` may see: on the complete graph all of them; on the other graphs its own seat
 * and those with which it shares masks. `known` and the result are ascending.
 */
export function visibleFrom(
  drawn: DrawnGraph,
  clients: number,
  seat: number,
  known: readonly number[],
): readonly number[] {
  return drawn.kind === 'complete' ? known : around(drawn, clients, seat, placesIn(known))
}

/** Like {@link visibleFrom}, for members that each have a seat. */
export function visibleAmong(
  drawn: DrawnGraph,
  clients: number,
  seat: number,
  members: readonly { readonly seat: number }[],
): readonly number[] {
  return drawn.kind === 'complete' ? seatsIn(members) : around(drawn, clients, seat, placesIn(members))
}

/** The client at `seat` and those with which it shares masks, without seats that have no place; ascending. */
function around(drawn: DrawnGraph, clients: number, seat: number, places: Int32Array): readonly number[] {
  const neighbors = graphOf(drawn, clients).maskNeighbors(seat)
  // Made at its maximum length, because a list that grows is copied several times, and every client has several lists.
  const seats = [seat, ...neighbors]
  let count = 0
  let isOwnDue = hasPlace(places, seat)
  for (const neighbor of neighbors) {
    if (isOwnDue && neighbor > seat) {
      seats[count++] = seat
      isOwnDue = false
    }
    if (hasPlace(places, neighbor)) seats[count++] = neighbor
  }
  if (isOwnDue) seats[count++] = seat
  seats.length = count
  return seats
}

/**
 * The holders of the secrets of the client at `seat`, as the client itself can determine them: on the complete graph from the
 * configuration; on the chosen graph from the seed of its `choice`; on the sparse graph from `published`, the seats whose keys
 * it has received.
 */
export function holdersKnownTo(
  context: GraphContext,
  seat: number,
  published: readonly number[],
  choice: Uint8Array | undefined,
): readonly number[] {
  if (context.graph.kind === 'complete') return completeGraph(context.clients).holders(seat)
  if (choice !== undefined) return holdersChosenBy(context, seat, choice)
  return published.filter((other) => other !== seat)
}

/** The holders that the client at `seat` has drawn with this seed, ascending. Only for the chosen graph. */
export function holdersChosenBy(
  { graph, clients, hash }: GraphContext,
  seat: number,
  choice: Uint8Array,
): readonly number[] {
  const neighbors = graph.kind === 'chosen' ? graph.neighbors : 0
  return chooseHolders({ hash, clients, neighbors }, seat, choice)
}

/** Whether every client draws its own holders, and so acknowledges owners in phase 3 instead of signing U3. */
export function isChosen<S extends { readonly kind: string }>(
  shape: S,
): shape is S & { readonly kind: 'chosen' } {
  return shape.kind === 'chosen'
}

/**
 * The seats of `present` that can stay in U2, ascending. On the chosen graph this is the largest subset in which every client
 * has t holders, because a client with fewer would stop, and its secrets would be lost.
 */
export function seatsWithHolders(
  drawn: DrawnGraph,
  clients: number,
  threshold: number,
  present: readonly number[],
): readonly number[] {
  if (drawn.kind !== 'chosen') return present
  return withEnoughHolders(graphOf(drawn, clients), present, threshold)
}

/**
 * The first of `owners` with fewer than `threshold` holders among `present`, whose secrets are therefore lost; `undefined` if
 * there is none. On the complete graph the result is always `undefined`, because there the number of clients alone decides
 * this. Both lists are ascending.
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
  const places = placesIn(present)
  return owners.find((owner) => {
    let left = 0
    for (const holder of holders(owner)) if (hasPlace(places, holder)) left++
    return left < threshold
  })
}
