import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runClient, socketConnection } from 'secagg/transport'
import { WebSocket } from 'ws'
import { identitiesFor, type Parties } from '../../ingest/parties.js'
import { freePort, startNatsServer, type TestBroker } from '../../support/nats-server.js'
import { type Random, randomOf } from '../../support/seeded.js'
import { leftOn } from '../support.js'
import { type ChaosResult, CLIENTS, configOf, expectedDigest, inputOf, keyOf } from './round-shape.js'

const VICTIMS = ['worker 0', 'worker 1', 'ingest 0', 'ingest 1', 'coordinator', 'broker'] as const
type Victim = (typeof VICTIMS)[number]

/** Most kills come while vectors are collected, and while masks are removed. */
const MOMENTS = [
  'advertise-keys',
  'share-keys',
  'masked-input',
  'masked-input',
  'uploads',
  'uploads',
  'uploads',
  'consistency-check',
  'unmasking',
  'recovered',
  'recovered',
  'recovered',
  'summed',
  'saved',
]

/** What takes a few tenths of a second. */
const SHORT: ReadonlySet<string> = new Set(['uploads', 'recovered', 'summed', 'saved'])

/** A round that takes longer hangs. */
const LONGEST_ROUND = 120_000

interface Kill {
  readonly victim: Victim
  readonly moment: string
  /** After the moment, and from the end to the new start, in milliseconds. */
  readonly delay: number
  readonly down: number
}

/** How the rounds ended. */
export interface ChaosTally {
  readonly exact: number
  /** The number of rounds that ended with each error. */
  readonly failed: Readonly<Record<string, number>>
  readonly kills: Readonly<Record<Victim, number>>
}

/**
 * Plays rounds and kills workers, ingest processes, the coordinator and the broker at moments that follow from the seed.
 * @throws an error if a sum is wrong, if a round hangs, or if anything is left on the broker.
 */
export async function runChaos(
  rounds: number,
  seed: number,
  log: (text: string) => void = () => undefined,
): Promise<ChaosTally> {
  const random = randomOf(seed)
  const stage = await Stage.open(seed)
  const failed: Record<string, number> = {}
  let exact = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const kills = killsOf(random)
      const leavers = random
        .shuffle(Array.from({ length: CLIENTS }, (_, seat) => seat))
        .slice(0, random.below(3))
      const plan = kills.map(({ victim, moment, delay }) => `${victim} at ${moment} + ${delay} ms`).join(', ')
      const start = Date.now()
      const result = await stage.play(round, kills, new Set(leavers))
      const end = 'failed' in result ? result.failed : `sum of ${result.survivors.length}`
      log(`round ${round}: ${end}, ${((Date.now() - start) / 1000).toFixed(1)} s; killed ${plan}`)
      if ('failed' in result) failed[result.failed] = (failed[result.failed] ?? 0) + 1
      else if (result.digest === expectedDigest(round, result.survivors)) exact++
      else throw new Error(`round ${round} of seed ${seed} has a wrong sum`)
    }
    return { exact, failed, kills: stage.kills }
  } finally {
    await stage.close()
  }
}

function killsOf(random: Random): Kill[] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const [victim, moment] = [random.pick(VICTIMS), random.pick(MOMENTS)]
    return {
      victim,
      moment,
      delay: random.below(SHORT.has(moment) ? 250 : 500),
      down: random.below(600),
    }
  })
}

/** The processes of a cluster. */
class Stage {
  readonly kills: Record<Victim, number>
  readonly #seed: number
  readonly #broker: TestBroker
  readonly #folder = mkdtempSync(join(tmpdir(), 'secagg-chaos-'))
  readonly #port: number
  readonly #parties: Parties
  /** Workers and ingest processes. */
  readonly #machines = new Map<Victim, ChildProcess>()

  constructor(seed: number, broker: TestBroker, port: number, parties: Parties) {
    this.#seed = seed
    this.#broker = broker
    this.#port = port
    this.#parties = parties
    this.kills = Object.fromEntries(VICTIMS.map((victim) => [victim, 0])) as Record<Victim, number>
    for (const victim of VICTIMS) {
      if (victim !== 'coordinator' && victim !== 'broker') this.#startMachine(victim)
    }
  }

  static async open(seed: number): Promise<Stage> {
    return new Stage(seed, await startNatsServer(), await freePort(), await identitiesFor(CLIENTS))
  }

  async play(round: number, kills: readonly Kill[], leavers: ReadonlySet<number>): Promise<ChaosResult> {
    const file = join(this.#folder, `result-${round}`)
    const over = new AbortController()
    const leave = new AbortController()
    const pending = new Set(kills)
    const killing: Promise<void>[] = []
    let coordinator: ChildProcess | undefined
    const end = async ({ victim, delay, down }: Kill): Promise<void> => {
      await sleep(delay)
      if (over.signal.aborted) return
      this.kills[victim]++
      if (victim === 'coordinator') coordinator?.kill('SIGKILL')
      else if (victim === 'broker') {
        await this.#broker.kill()
        await sleep(down)
        await this.#broker.start()
      } else {
        await ended(this.#machines.get(victim)!)
        await sleep(down)
        this.#startMachine(victim)
      }
    }
    const hear = (line: string): void => {
      const moment = line.replace('phase ', '')
      if (moment === 'masked-input') leave.abort()
      for (const kill of pending) {
        if (kill.moment !== moment) continue
        pending.delete(kill)
        // Two ends of the broker one after the other, not at the same time.
        const before = kill.victim === 'coordinator' ? undefined : killing.at(-1)
        killing.push(Promise.resolve(before).then(() => end(kill)))
      }
    }
    const clients = Array.from({ length: CLIENTS }, (_, seat) => {
      const { signal } = leavers.has(seat) ? leave : over
      return this.#client(round, seat, AbortSignal.any([signal, over.signal]))
    })
    const deadline = Date.now() + LONGEST_ROUND
    let how: unknown
    try {
      while (!existsSync(file)) {
        if (Date.now() > deadline) throw new Error(`round ${round} of seed ${this.#seed} hangs`)
        coordinator = this.#startCoordinator(round, hear)
        const own = coordinator
        const late = sleep(Math.max(deadline - Date.now(), 0), 'late', { ref: false })
        const exit = new Promise((resolve) => own.once('exit', (code, signal) => resolve(code ?? signal)))
        how = await Promise.race([exit, late])
        if (how === 'late') continue
        if (how !== 0 && how !== 'SIGKILL') throw new Error(`the coordinator ended with ${how}`)
      }
      await Promise.all(killing)
      await this.#expectNothingLeft(round, how === 0)
      return JSON.parse(readFileSync(file, 'utf8')) as ChaosResult
    } finally {
      over.abort()
      if (coordinator !== undefined) await ended(coordinator)
      await Promise.all(killing)
      await Promise.all(clients)
    }
  }

  /** A coordinator that was killed after its result deletes nothing any more, but the next one of its name does. */
  async #expectNothingLeft(round: number, hasEnded: boolean): Promise<void> {
    const sums = join(this.#folder, `sums-${round}`)
    const stored = hasEnded && existsSync(sums) ? readdirSync(sums) : []
    // What a coordinator that was killed after its result has left, its host deletes.
    rmSync(sums, { recursive: true, force: true })
    const left = [...(await leftOn(this.#broker.servers)), ...stored]
    if (left.length > 0) throw new Error(`round ${round} of seed ${this.#seed} has left ${left.join(', ')}`)
  }

  async #client(round: number, seat: number, signal: AbortSignal): Promise<void> {
    const config = configOf(this.#seed, round)
    const { signers, verifyIdentity } = this.#parties
    const connect = () => socketConnection(new WebSocket(`ws://127.0.0.1:${this.#port}/${seat}`))
    const input = inputOf(round, seat)
    await runClient(connect, {
      config,
      seat,
      ...(config.adversary === 'active' && { signer: signers[seat], verifyIdentity }),
      input: config.sliceLength === undefined ? input : ({ from, to }) => input.subarray(from, to),
      openUpload: (address) => socketConnection(new WebSocket(address)),
      signal,
      retryAfter: () => 150,
      // A client that left, or whose round failed, has an error.
    }).catch(() => undefined)
  }

  #startCoordinator(round: number, hear: (line: string) => void): ChildProcess {
    const args = [this.#broker.servers, this.#folder, this.#seed, round, this.#port].map(String)
    const child = startScript(fileURLToPath(new URL('coordinator-process.ts', import.meta.url)), args)
    createInterface({ input: child.stdout! }).on('line', hear)
    return child
  }

  #startMachine(victim: Victim): void {
    const key = Buffer.from(keyOf(this.#seed)).toString('hex')
    const cli = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
    const own = victim.startsWith('worker') ? ['worker', '--threads', '0'] : ['ingest', '--listen', '0']
    const args = [...own, '--nats', this.#broker.servers]
    this.#machines.set(victim, startScript(cli, args, { SECAGG_CLUSTER_KEY: key }))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map(ended))
    await this.#broker.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function startScript(file: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Ends a process without giving it time for anything. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
