import { type ClientSession, type ErrorCode, SecAggError } from 'secagg'
import type { SeededRandom } from '../../src/simulate/simulated-clients.js'
import { sameBytes } from './parcel.js'

/** A message of the server under way to a client. */
export interface Letter {
  /** 1: the keys; 2: the shares; 3: the survivors. */
  readonly step: number
  readonly bytes: Uint8Array
  /** As the server made it, or spoiled: without its last byte, with one bit changed, or of another version. */
  readonly form: 'genuine' | 'cut short' | 'altered' | 'another version'
}

/** A client's session, with what the network knows of it. */
export class SimulatedClient {
  readonly seat: number
  readonly random: SeededRandom
  /** Counts connections: what was sent over one that is gone does not arrive. */
  connection = 0
  /** The connection over which the slices after the first were sent. */
  sentSlicesOver: number | undefined
  readonly #session: ClientSession
  /** The server's messages that were answered, by step. */
  readonly #answered: Uint8Array[] = []
  /** What was sent in each step. */
  readonly #sent: Uint8Array[][] = []

  constructor(seat: number, session: ClientSession, random: SeededRandom) {
    this.seat = seat
    this.#session = session
    this.random = random
  }

  /** The message that was answered last. */
  get lastLetter(): Letter | undefined {
    return this.#letter(this.#answered.length - 1)
  }

  /** A message that was answered before the last one. */
  get oldLetter(): Letter | undefined {
    return this.#letter(this.#answered.length - 2)
  }

  /** @throws {Error} where the session does not do what it must. */
  async start(): Promise<readonly Uint8Array[]> {
    this.#answered[0] = new Uint8Array(0)
    return this.#note(0, [await this.#session.start()])
  }

  /**
   * What the client sends when a message comes; nothing where it refuses it, as it must.
   * @throws {Error} where the session does not do what it must: refuse with the right code, and give the same bytes again.
   */
  async take(letter: Letter): Promise<readonly Uint8Array[]> {
    const expected = this.#expected(letter)
    try {
      const messages = [await this.#session.receive(letter.bytes)]
      if (letter.step === 2) for await (const slice of this.#session.slices()) messages.push(slice)
      if (expected !== undefined) throw new Error(`seat ${this.seat} has taken in what is ${expected}`)
      this.#answered[letter.step] = letter.bytes
      return this.#note(letter.step, messages)
    } catch (error) {
      if (error instanceof SecAggError && error.code === expected && error.fault === 'server') return []
      const text = `seat ${this.seat}, message ${letter.step}, ${letter.form}, expected ${expected ?? 'an answer'}`
      throw new Error(`${text}: ${String(error)}`, { cause: error })
    }
  }

  #letter(step: number): Letter | undefined {
    return step < 1 ? undefined : { step, bytes: this.#answered[step]!, form: 'genuine' }
  }

  #expected({ step, bytes, form }: Letter): ErrorCode | undefined {
    const last = this.#answered.length - 1
    if (form === 'another version') return last === 3 ? 'unexpected-message' : 'unsupported-version'
    if (step === last) {
      return sameBytes(bytes, this.#answered[last]!) ? undefined : 'conflicting-message'
    }
    if (step !== last + 1) return 'unexpected-message'
    return form === 'genuine' ? undefined : 'malformed-message'
  }

  #note(step: number, messages: readonly Uint8Array[]): readonly Uint8Array[] {
    const before = this.#sent[step]
    this.#sent[step] ??= [...messages]
    if (before === undefined) return messages
    if (before.length !== messages.length || !before.every((bytes, i) => sameBytes(bytes, messages[i]!))) {
      throw new Error(`seat ${this.seat} has answered message ${step} in two ways`)
    }
    return messages
  }
}
