import {
  ClientSession,
  type CryptoProvider,
  type GraphParameters,
  type PhaseOutcome,
  type RoundConfig,
  type RoundReport,
  SecAggError,
  ServerSession,
} from 'secagg'
import { SeededRandom } from '../../src/simulate/simulated-clients.js'
import { sliceCount } from '../../src/vector/segments.js'
import { SimulatedClient } from './client.js'
import { Clock } from './clock.js'
import { configOf, inputOf, isExact, type SoakOptions, STREAM } from './cohort.js'
import { Conduct } from './conduct.js'
import { Network, type Samples } from './network.js'
import { type Ending, RoundPlan } from './plan.js'
import { ServerModel } from './server-model.js'
import { Tally } from './tally.js'

/** How long the server waits in a round, in simulated milliseconds: for whole vectors and for slices. */
const PATIENCE = { whole: 10_000, sliced: 600_000 } as const
const MINIMUM_UPLOADS = 4

/** What a round came to. */
export interface SoakedRound {
  readonly round: number
  readonly ending: Ending
  readonly slices: number
  /** |U1|, |U2|, |U3|, |U5|, as far as it went. */
  readonly sizes: readonly number[]
  readonly tally: Tally
  /** To be sent again in the next round. */
  readonly samples: Samples
}

/** Runs one round from the first message until nothing is under way any more, and compares all that comes out. */
export async function soakRound(
  options: SoakOptions,
  graph: GraphParameters,
  crypto: CryptoProvider,
  round: number,
  earlier: Samples,
): Promise<SoakedRound> {
  const { clients, seed } = options
  const config = configOf(options, graph, round, crypto)
  const slices = sliceCount(config.segments, config.sliceLength)
  const maximumUploads = Math.max(MINIMUM_UPLOADS, clients >> 4)
  const server = new ServerSession({ config, crypto, maximumUploads })
  const model = new ServerModel({
    clients,
    slices,
    maximumUploads,
    threshold: graph.threshold,
    minimumAdvertised: graph.minimumPresent,
    dropoutFraction: options.dropoutFraction,
  })
  const tally = new Tally()
  const clock = new Clock()
  const network = new Network(clock, server, model, tally)
  const plan = new RoundPlan(options, graph, round)
  const conduct = new Conduct(network, plan, slices, earlier)
  const cohort = Array.from({ length: clients }, (_, seat) => {
    const random = new SeededRandom(seed, STREAM.clients, round, seat)
    return new SimulatedClient(seat, new ClientSession(sessionOptions(seat)), random)
  })
  function sessionOptions(seat: number): ConstructorParameters<typeof ClientSession>[0] {
    return { config, seat, crypto, input: (range) => inputIn(config, seed, round, seat, range) }
  }

  for (const client of cohort) conduct.begin(client, undefined)
  let outcome: PhaseOutcome | undefined
  while (outcome?.done !== true) {
    conduct.patience = model.step === 2 && slices > 1 ? PATIENCE.sliced : PATIENCE.whole
    outcome = await closeInTime(network, conduct, plan.ending, cohort)
    const expected = plan.expectedIn(model.step - (outcome?.done === false ? 1 : 0), clients)
    if (outcome === undefined) break
    compareSeats(
      tally,
      `the answers of ${outcome.done ? 'the last round' : `those before ${outcome.phase}`}`,
      {
        expected,
        got: server.report.phases.at(-1)!.accepted,
      },
    )
    network.posted = new Map(outcome.done ? network.posted : outcome.messages)
    if (!outcome.done) for (const [seat, bytes] of network.posted) conduct.begin(cohort[seat]!, bytes)
  }
  await clock.run(Number.POSITIVE_INFINITY)

  tally.balance()
  if ((outcome === undefined) !== (plan.ending === 'given up'))
    tally.find(`the ending is not: ${plan.ending}`)
  if (outcome?.done === true) {
    const { survivors } = outcome.report
    compareSeats(tally, 'the survivors', { expected: plan.expectedIn(2, clients), got: survivors })
    if (!isExact(outcome.sum, config, seed, round, survivors)) tally.find('the sum is wrong')
  }
  compareReports(tally, model.report, server.report)
  const sizes = server.report.phases.map(({ accepted }) => accepted.length)
  return { round, ending: plan.ending, slices, sizes, tally, samples: conduct.samples }
}

function inputIn(
  config: RoundConfig,
  seed: number,
  round: number,
  seat: number,
  range: { readonly from: number; readonly to: number },
): ReturnType<typeof inputOf> {
  let start = 0
  return inputOf(config, seed, round, seat).map((lanes) => {
    const from = Math.min(Math.max(range.from - start, 0), lanes.length)
    const to = Math.min(Math.max(range.to - start, 0), lanes.length)
    start += lanes.length
    return lanes.slice(from, to)
  })
}

/**
 * Closes the open round at its deadline, after an attempt far too early. Where too few are there, as planned, the server
 * waits once more for those who were asleep, or gives the round up: `undefined`.
 */
async function closeInTime(
  network: Network,
  conduct: Conduct,
  ending: Ending,
  cohort: readonly SimulatedClient[],
): Promise<PhaseOutcome | undefined> {
  const { clock, model, server, tally } = network
  const open = clock.now
  await clock.run(open + 30)
  if (model.obstacle !== undefined) await close(network)
  await clock.run(open + conduct.patience)
  const outcome = await close(network)
  if (outcome !== undefined || ending !== 'sum after waiting') return outcome
  const { waitingFor } = server
  compareSeats(tally, 'those who are waited for', { expected: model.missing, got: waitingFor })
  for (const seat of waitingFor) clock.after(seat % 2000, seat, () => conduct.comeBack(cohort[seat]!))
  await clock.run(clock.now + conduct.patience)
  return close(network)
}

/** Closes the open round, or sees the refusal that has to come. */
async function close({ model, server, tally }: Network): Promise<PhaseOutcome | undefined> {
  const { obstacle, phase } = model
  try {
    const outcome = await server.closePhase()
    if (obstacle !== undefined) tally.find(`${phase} was closed in spite of ${obstacle}`)
    model.close()
    return outcome
  } catch (error) {
    if (!(error instanceof SecAggError)) throw error
    if (error.code !== obstacle || error.phase !== phase || error.fault !== 'peer') {
      tally.find(`closing ${phase}: ${String(error)} in place of ${obstacle ?? 'what follows'}`)
    }
    return undefined
  }
}

function compareSeats(
  tally: Tally,
  what: string,
  { expected, got }: { readonly expected: readonly number[]; readonly got: readonly number[] },
): void {
  if (expected.join() === got.join()) return
  const missing = expected.filter((seat) => !got.includes(seat))
  const surplus = got.filter((seat) => !expected.includes(seat))
  tally.find(`${what}: [${missing.join()}] are missing, [${surplus.join()}] should not be there`)
}

function compareReports(tally: Tally, expected: ServerModel['report'], got: RoundReport): void {
  const rounds = [expected.phases, got.phases].map((list) => JSON.stringify(list))
  if (rounds[0] !== rounds[1]) tally.find('the report counts rounds in another way')
  const refused = new Map(
    got.refused.map(({ seat, phase, code, count }) => [`${seat} ${phase} ${code}`, count]),
  )
  for (const key of new Set([...expected.refused.keys(), ...refused.keys()])) {
    const [wanted, count] = [expected.refused.get(key) ?? 0, refused.get(key) ?? 0]
    if (wanted !== count) tally.find(`the report has ${count} refusals in place of ${wanted} of ${key}`)
  }
}
