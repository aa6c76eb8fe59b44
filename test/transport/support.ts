import { type ClientSessionOptions, SecAggError, type ServerSessionOptions, type Vector } from 'secagg'
import {
  type ClientEvent,
  type ClientResult,
  type OpenConnection,
  type OwnConnection,
  type RoundHandle,
  type RunClientOptions,
  runClient,
  type ServeRoundOptions,
  type ServerEvent,
  serveRound,
} from 'secagg/transport'
import { expect } from 'vitest'
import { type Cohort, type CohortOptions, makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { randomOf } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'
import { Network, type Weather } from './network.js'
import { VirtualClock } from './virtual-clock.js'

export const MODELS = [
  { name: 'honest-but-curious', parameters: { clients: 9, adversary: 'honest-but-curious' } },
  { name: 'active', parameters: { clients: 9, adversary: 'active' } },
  {
    name: 'sparse',
    parameters: {
      clients: 9,
      adversary: 'honest-but-curious',
      graph: { neighbors: 6, assumptions: 'unproven' },
      threshold: 3,
      minimumCohort: 4,
    },
  },
  {
    name: 'holders that clients choose',
    parameters: {
      clients: 9,
      adversary: 'active',
      graph: { neighbors: 7, assumptions: 'unproven' },
      threshold: 4,
      minimumCohort: 4,
    },
  },
  {
    name: 'in slices',
    parameters: {
      clients: 9,
      adversary: 'active',
      segments: [{ length: 300, bits: 13, bound: 800 }],
      sliceLength: 64,
    },
  },
] as const

/** Clients and a server on a network in memory, with a clock that advances when there is nothing to do. */
export interface Scene extends Cohort {
  readonly clock: VirtualClock
  readonly network: Network
  readonly serverEvents: ServerEvent[]
  readonly clientEvents: Map<number, ClientEvent[]>
  /** The last state that each party has saved. */
  readonly saved: Map<number | 'server', Uint8Array>
  /** The current round. */
  round: RoundHandle
  /** Serves the round of the cohort, or resumes it from `saved`. */
  serve(options?: Partial<ServeRoundOptions>): RoundHandle
  /** The `connect` of a client. */
  connect(seat: number): () => OwnConnection
  /** Runs the client of a seat. */
  join(seat: number, options?: Partial<RunClientOptions>, connect?: OpenConnection): Promise<ClientResult>
  /** Runs all clients except some. Resolves with how each of them ended. */
  joinAll(options?: {
    readonly without?: readonly number[]
    readonly retryAfter?: RunClientOptions['retryAfter']
  }): Promise<Map<number, Ended>>
}

/** How a client's part ended: whether it was included, or the code of its error. */
export type Ended = boolean | string

export async function makeScene(
  options: CohortOptions,
  { weather, ...serverOptions }: Partial<ServeRoundOptions> & { readonly weather?: Weather } = {},
): Promise<Scene> {
  const seed = options.seed ?? 1
  const clock = new VirtualClock()
  const network = new Network(clock, randomOf(seed + 77), weather)
  const cohort = await makeCohort(options)
  const { config, crypto, inputs, signers, verifyIdentity } = cohort
  const splitSecret = toySplitter(seed + 5)
  const serverEvents: ServerEvent[] = []
  const clientEvents = new Map<number, ClientEvent[]>()
  const saved = new Map<number | 'server', Uint8Array>()
  const common: Pick<ServerSessionOptions, 'config' | 'crypto' | 'verifyIdentity'> = {
    config,
    crypto,
    verifyIdentity,
  }
  const scene: Scene = {
    ...cohort,
    clock,
    network,
    serverEvents,
    clientEvents,
    saved,
    round: undefined as unknown as RoundHandle,
    serve: (more) => {
      scene.round = serveRound({
        ...common,
        clock,
        deadline: 10_000,
        onEvent: (event) => serverEvents.push(event),
        save: (bytes) => void saved.set('server', bytes),
        ...serverOptions,
        ...more,
      })
      return scene.round
    },
    connect: (seat) => () => {
      const [near, far] = network.connection()
      scene.round.connect(seat, far)
      return near
    },
    join: (seat, more, connect = scene.connect(seat)) => {
      const events = clientEvents.get(seat) ?? []
      clientEvents.set(seat, events)
      const session: ClientSessionOptions = {
        ...common,
        seat,
        input: inputs[seat]!,
        splitSecret,
        signer: signers[seat],
      }
      return runClient(connect, {
        ...session,
        clock,
        onEvent: (event) => events.push(event),
        save: (bytes) => void saved.set(seat, bytes),
        ...more,
      })
    },
    joinAll: async ({ without = [], retryAfter } = {}) => {
      const seats = Array.from({ length: config.clients }, (_, seat) => seat)
      const joining = seats.filter((seat) => !without.includes(seat))
      return new Map(
        await Promise.all(
          joining.map(async (seat) => [seat, await endOf(scene.join(seat, { retryAfter }))] as const),
        ),
      )
    },
  }
  scene.serve()
  return scene
}

/** Resolves with how a client's part ended. Anything other than a typed error fails the test. */
export async function endOf(part: Promise<ClientResult>): Promise<Ended> {
  try {
    return (await part).included
  } catch (error) {
    if (error instanceof SecAggError) return error.code
    throw error
  }
}

/** Checks that the sum is exactly the sum of the inputs of the survivors in the report, and returns these. */
export async function expectExactSum(
  scene: Scene,
  round: RoundHandle = scene.round,
): Promise<readonly number[]> {
  const { sum, report } = await scene.clock.until(round.outcome)
  const expected: Vector = sumOf(scene.config, report.survivors, scene.inputs)
  expect(sum).toEqual(expected)
  return report.survivors
}
