import type { Letter, SimulatedClient } from './client.js'
import { altered, FLAWED, spoiled, withVersion } from './forgeries.js'
import type { Network, Samples } from './network.js'
import { type Parcel, typeOfStep } from './parcel.js'
import type { Course, RoundPlan } from './plan.js'

/** Percentages. */
const REPEATED = 20
const FORGED = 6

/** How long a client is away, at most; milliseconds. */
const AWAY = 3000

/** What clients do: answer, as their course has it, and with what else comes over their connections. */
export class Conduct {
  /** Of this round and of the one before. */
  readonly samples: Samples = new Map()
  readonly #network: Network
  readonly #plan: RoundPlan
  readonly #slices: number
  readonly #earlier: Samples
  /** How long the open round is, in milliseconds. */
  patience = 0

  constructor(network: Network, plan: RoundPlan, slices: number, earlier: Samples) {
    this.#network = network
    this.#plan = plan
    this.#slices = slices
    this.#earlier = earlier
  }

  /** A step begins for a client, with the server's message where there is one. */
  begin(client: SimulatedClient, bytes: Uint8Array | undefined): void {
    const { clock, model } = this.#network
    const { step } = model
    const { random, seat } = client
    let course = this.#plan.courseOf(seat, step, random)
    if (course === 'halfway' && this.#slices === 1) course = 'silent'
    if (course === 'silent' || course === 'asleep' || course === 'message lost') {
      // It is under way when the connection goes.
      if (bytes !== undefined) this.#post(client, { step, bytes, form: 'genuine' }, 'plain', 300)
      this.#leave(client, random.below(300), course === 'message lost' ? 300 + random.below(AWAY) : undefined)
      return
    }
    clock.after(random.below(200), seat, async () => {
      if (bytes === undefined) await this.#answer(client, step, course, await client.start())
      else this.#post(client, { step, bytes, form: 'genuine' }, course)
    })
  }

  /** A client comes back, and asks for what it may have missed. */
  async comeBack(client: SimulatedClient): Promise<void> {
    const { model } = this.#network
    if (model.step === 0) return this.#answer(client, 0, 'plain', await client.start())
    const bytes = this.#network.askedAgain(client.seat)
    if (bytes !== undefined) this.#post(client, { step: model.step, bytes, form: 'genuine' }, 'plain')
  }

  #post(client: SimulatedClient, letter: Letter, course: Course, atLeast = 0): void {
    const network = this.#network
    const { random } = client
    const echo = (messages: readonly Uint8Array[]): Promise<void> =>
      this.#answer(client, letter.step, 'plain', messages)
    if (random.below(100) < FORGED) {
      const bytes = letter.bytes.slice(0, -1)
      network.post(client, { ...letter, bytes, form: 'cut short' }, atLeast + random.below(800), echo)
    }
    if (random.below(100) < FORGED) {
      const bytes = withVersion(letter.bytes, 7)
      network.post(client, { ...letter, bytes, form: 'another version' }, atLeast + random.below(800), echo)
    }
    network.post(client, letter, atLeast + network.delay(client), async (messages) => {
      await this.#answer(client, letter.step, course, messages)
      const { lastLetter, oldLetter } = client
      if (random.below(100) < FORGED && lastLetter !== undefined) {
        const bytes = lastLetter.bytes.slice()
        bytes[2 + random.below(bytes.length - 2)]! ^= 1 << random.below(8)
        network.post(client, { ...lastLetter, bytes, form: 'altered' }, random.below(3000), echo)
      }
      if (random.below(100) < FORGED && oldLetter !== undefined) {
        network.post(client, oldLetter, random.below(3000), echo)
      }
      // A message that comes twice is answered twice, unless it was to be late.
      if (random.below(100) < FORGED && lastLetter !== undefined && course === 'plain') {
        network.post(client, lastLetter, random.below(3000), echo)
      }
    })
  }

  /** Sends what a client has to say in a step. */
  async #answer(
    client: SimulatedClient,
    step: number,
    course: Course,
    messages: readonly Uint8Array[],
  ): Promise<void> {
    const { random } = client
    const type = typeOfStep(step, this.#slices)
    const parcels = messages.map((bytes, part): Parcel => ({ seat: client.seat, bytes, type, part }))
    if (course === 'late') {
      const delay = this.patience + random.below(this.patience >> 1)
      for (const parcel of parcels) this.#network.send(client, parcel, delay + random.below(100))
      return
    }
    const [first, ...others] = parcels
    this.#send(client, first!, (status) => {
      if (others.length === 0 || status === 'refused' || client.sentSlicesOver === client.connection) return
      client.sentSlicesOver = client.connection
      if (course === 'halfway') this.#leave(client, random.below(100), undefined)
      const sent = course === 'halfway' ? others.slice(0, random.below(others.length)) : others
      for (const parcel of random.shuffle(sent)) this.#send(client, parcel)
    })
    if (course === 'answer lost') this.#leave(client, 0, random.below(AWAY))
    if (course === 'receipt lost') this.#leave(client, 300 + random.below(1000), random.below(AWAY))
  }

  /** Sends a parcel, perhaps more than once, and perhaps with spoiled copies around it. */
  #send(client: SimulatedClient, parcel: Parcel, onReceipt?: Parameters<Network['send']>[3]): void {
    const network = this.#network
    const { random } = client
    const inbound = network.posted.get(client.seat)
    const anyTime = (): number => random.below(1.5 * Math.min(this.patience, 12_000))
    network.send(client, parcel, network.delay(client), (status) => {
      onReceipt?.(status)
      if (status === 'accepted' && parcel.part === 0) this.#forge(client, parcel, anyTime)
    })
    while (random.below(100) < REPEATED) network.send(client, parcel, anyTime())
    // Half of these come before the genuine one, as a rule.
    const soon = (): number => (random.below(2) === 0 ? random.below(100) : anyTime())
    for (const how of FLAWED) {
      if (random.below(100) < FORGED) network.send(client, spoiled(how, parcel, inbound, random), soon())
    }
    const outside = [-1, 0.5, 2 ** 40, Number.NaN]
    if (random.below(100) < FORGED && parcel.type !== 'unmasking') {
      network.send(client, { ...parcel, seat: outside[random.below(4)]! }, 1)
    }
    const earlier = this.#earlier.get('advertiseKeys')
    if (random.below(100) < FORGED && earlier !== undefined) {
      network.send(client, { ...earlier, seat: client.seat, flaw: 'configuration-mismatch' }, soon())
    }
  }

  /** Sends what a careless server might take for the message that it has accepted from this seat. */
  #forge(client: SimulatedClient, accepted: Parcel, anyTime: () => number): void {
    const network = this.#network
    const { seat, random } = client
    const { type } = accepted
    const others = [this.samples.get(type!), this.#earlier.get(type!)]
    if (random.below(100) < FORGED) network.send(client, altered(accepted, random), anyTime())
    for (const other of others) {
      if (random.below(100) < FORGED && other !== undefined && other.seat !== seat) {
        network.send(client, { ...other, seat }, anyTime())
      }
    }
    this.samples.set(type!, accepted)
  }

  /** Ends the connection after a while, and begins another one after another while. */
  #leave(client: SimulatedClient, delay: number, away: number | undefined): void {
    const { clock } = this.#network
    const { connection } = client
    clock.after(delay, undefined, async () => {
      if (client.connection !== connection) return
      await this.#network.disconnect(client)
      if (away !== undefined) clock.after(away, client.seat, () => this.comeBack(client))
    })
  }
}
