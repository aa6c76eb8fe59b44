import { inspectMessage, type PhaseName, type Receipt, type RoundReport, SecAggError } from 'secagg'
import { decodeAdvertiseKeys, decodePublishedKeys } from 'secagg/protocol'
import { addInto, createVector, packedLength, unpackVector } from 'secagg/vector'
import { acknowledgementsIn, livingIn } from './acknowledgements.js'
import { holdersOf } from './holders.js'
import { HonestServer } from './honest-server.js'
import { InventingServer } from './invented-clients.js'
import type { AggregationServer, Closing, Learned } from './server.js'
import { type Cohort, openCohort, type RoundSetup, VICTIM } from './setup.js'
import { TwoFacedServer } from './two-stories.js'

/** A message on its way between the server and the client at `seat`. */
export interface Parcel {
  readonly seat: number
  readonly up: boolean
  /** The phase in which it is sent or answered. */
  readonly phase: PhaseName
  readonly bytes: Uint8Array
}

/** Carries messages and resolves when they have arrived. The page animates this. */
export type Network = (parcels: readonly Parcel[]) => Promise<void>

/** What happened, for the log. */
export type PlayEvent =
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'sent'
      readonly phase: PhaseName
      readonly seats: readonly number[]
      readonly bytes: number
    }
  | { readonly kind: 'dropped' | 'returned'; readonly seat: number; readonly phase: PhaseName | undefined }
  | { readonly kind: 'client-refused' | 'server-refused'; readonly seat: number; readonly error: SecAggError }
  | { readonly kind: 'closed'; readonly phase: PhaseName; readonly learned?: Learned | undefined }
  | { readonly kind: 'failed'; readonly error: SecAggError }

/** What went through the network in one phase. */
export interface Traffic {
  readonly messages: number
  readonly up: number
  readonly down: number
}

/** One round of the protocol, played phase by phase between real sessions, and everything that the page shows about it. */
export class Play {
  readonly setup: RoundSetup
  readonly pictures: readonly Uint8Array[]
  readonly cohort: Cohort
  /** For each client that has dropped out, the first message that it does not send. */
  readonly gone: Map<number, PhaseName> = new Map()
  /** Clients that refused a message of the server, and why. */
  readonly refusals: Map<number, SecAggError> = new Map()
  /** A color for each public mask key. */
  readonly keys: Map<number, number> = new Map()
  /** The clients with which each client agrees on masks, as the server told it. */
  readonly neighbors: Map<number, readonly number[]> = new Map()
  /** The holders that each client has chosen, in the active model on the sparse graph. */
  readonly holders: Map<number, readonly number[]> = new Map()
  /** The clients that each holder has acknowledged. */
  readonly acknowledged: Map<number, readonly number[]> = new Map()
  /** The masked pictures that the server has received. */
  readonly masked: Map<number, Uint16Array> = new Map()
  readonly traffic: Map<PhaseName, Traffic> = new Map()
  /** The sum of the masked pictures, before any mask is removed. */
  maskedSum: Uint16Array | undefined
  learned: Learned | undefined
  failure: SecAggError | undefined
  readonly #server: AggregationServer
  readonly #tell: (event: PlayEvent) => void
  #inbox: ReadonlyMap<number, Uint8Array | undefined>

  private constructor(
    setup: RoundSetup,
    pictures: readonly Uint8Array[],
    cohort: Cohort,
    tell: (event: PlayEvent) => void,
  ) {
    this.setup = setup
    this.pictures = pictures
    this.cohort = cohort
    this.#server = serverFor(setup, cohort)
    this.#tell = tell
    this.#inbox = new Map(pictures.map((_, seat) => [seat, undefined]))
  }

  static async open(
    setup: RoundSetup,
    pictures: readonly Uint8Array[],
    tell: (event: PlayEvent) => void,
  ): Promise<Play> {
    const play = new Play(setup, pictures, await openCohort(setup, pictures), tell)
    tell({ kind: 'opened' })
    return play
  }

  /** The next phase; `undefined` once the round is over. */
  get phase(): PhaseName | undefined {
    return this.failure === undefined ? this.#server.phase : undefined
  }

  get report(): RoundReport {
    return this.#server.report
  }

  /** Whether the client at `seat` still takes part. */
  isThere(seat: number): boolean {
    return !this.gone.has(seat) && !this.refusals.has(seat)
  }

  /** The holders of the client at `seat` that have acknowledged it; `undefined` as long as nobody has acknowledged anybody. */
  acknowledgersOf(seat: number): readonly number[] | undefined {
    if (this.acknowledged.size === 0) return undefined
    const holders = this.holders.get(seat) ?? []
    return holders.filter((holder) => this.acknowledged.get(holder)?.includes(seat) === true)
  }

  /** A client drops out. If nobody has missed it yet, it comes back instead. */
  toggle(seat: number): void {
    const { phase } = this
    if (phase === undefined || this.refusals.has(seat)) return
    const left = this.gone.get(seat)
    if (left !== undefined && left !== phase) return
    if (left === undefined) this.gone.set(seat, phase)
    else this.gone.delete(seat)
    this.#tell({ kind: left === undefined ? 'dropped' : 'returned', seat, phase })
  }

  /** Carries the open phase's messages to the clients and their answers to the server, which then closes the phase. */
  async step(carry: Network): Promise<void> {
    const { phase } = this
    if (phase === undefined) return
    const inbox = [...this.#inbox].filter(([seat]) => this.isThere(seat))
    const down = inbox.flatMap(([seat, bytes]) => (bytes ? [{ seat, up: false, phase, bytes }] : []))
    await carry(down)
    this.#learnNeighbors(down)
    const up: Parcel[] = []
    for (const [seat, message] of inbox) {
      const bytes = await this.#answer(seat, message)
      if (bytes === undefined) continue
      this.#learnKey(seat, bytes)
      this.#learnAcknowledgements(seat, message, bytes)
      up.push({ seat, up: true, phase, bytes })
    }
    await carry(up)
    const traffic = { messages: up.length, up: total(up), down: total(down) }
    this.traffic.set(phase, traffic)
    this.#tell({ kind: 'sent', phase, seats: up.map(({ seat }) => seat), bytes: traffic.up })
    for (const parcel of up) await this.#hand(parcel)
    await this.#close(phase)
  }

  /** A client's answer to a message; `undefined` if it has dropped out or refuses. */
  async #answer(seat: number, message: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    if (!this.isThere(seat)) return undefined
    const client = this.cohort.clients[seat]!
    try {
      return await (message === undefined ? client.start() : client.receive(message))
    } catch (error) {
      if (!(error instanceof SecAggError)) throw error
      this.refusals.set(seat, error)
      this.#tell({ kind: 'client-refused', seat, error })
      return undefined
    }
  }

  async #hand({ seat, phase, bytes }: Parcel): Promise<void> {
    if (phase === 'masked-input') this.#collect(seat, bytes)
    const receipt: Receipt = await this.#server.receive(seat, bytes)
    if (receipt.status === 'refused') this.#tell({ kind: 'server-refused', seat, error: receipt.error })
  }

  async #close(phase: PhaseName): Promise<void> {
    let closing: Closing
    try {
      closing = await this.#server.close()
    } catch (error) {
      if (!(error instanceof SecAggError)) throw error
      this.failure = error
      this.#tell({ kind: 'failed', error })
      return
    }
    if (closing.done) this.learned = closing.learned
    else this.#inbox = closing.messages
    this.#tell({ kind: 'closed', phase, learned: this.learned })
  }

  #learnKey(seat: number, bytes: Uint8Array): void {
    if (inspectMessage(bytes).type !== 'advertiseKeys') return
    const { maskKey, choice } = decodeAdvertiseKeys(this.cohort.config, seat, bytes)
    this.keys.set(seat, hueOf(maskKey))
    if (choice !== undefined) this.holders.set(seat, holdersOf(this.cohort.config, seat, choice))
  }

  #learnAcknowledgements(seat: number, message: Uint8Array | undefined, answer: Uint8Array): void {
    if (message === undefined || inspectMessage(answer).type !== 'acknowledgements') return
    const shared = this.report.phases.find(({ phase }) => phase === 'share-keys')?.accepted ?? []
    const owners = shared.filter((other) => this.holders.get(other)?.includes(seat))
    this.acknowledged.set(seat, [...acknowledgementsIn(livingIn(owners, message), answer).keys()])
  }

  #learnNeighbors(parcels: readonly Parcel[]): void {
    for (const { seat, bytes } of parcels) {
      if (inspectMessage(bytes).type !== 'publishedKeys') continue
      // The stage does not show the clients that a lying server has invented.
      if (this.setup.server === 'invented-clients' && seat === VICTIM) continue
      const told = decodePublishedKeys(this.cohort.config, bytes).map((entry) => entry.seat)
      this.neighbors.set(
        seat,
        told.filter((other) => other !== seat),
      )
    }
  }

  /** Reads a masked picture as the server does, to show it. */
  #collect(seat: number, bytes: Uint8Array): void {
    const { segments } = this.cohort.config
    const vector = unpackVector(bytes.slice(-packedLength(segments)), segments)
    this.masked.set(seat, vector[0] as Uint16Array)
    this.maskedSum ??= createVector(segments)[0] as Uint16Array
    addInto([this.maskedSum], vector, segments)
  }
}

function serverFor({ server }: RoundSetup, cohort: Cohort): AggregationServer {
  if (server === 'invented-clients') return new InventingServer(cohort)
  return server === 'two-stories' ? new TwoFacedServer(cohort) : new HonestServer(cohort)
}

/** A hue, 0 to 359, for a public key. */
function hueOf(key: Uint8Array): number {
  return ((key[0]! * 256 + key[1]!) * 360) >>> 16
}

function total(parcels: readonly Parcel[]): number {
  return parcels.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
