import type { Bytes, Receipt, ServerSession } from 'secagg'
import type { MessageType } from '../../src/wire/index.js'
import type { Letter, SimulatedClient } from './client.js'
import type { Clock } from './clock.js'
import { type Parcel, sameBytes } from './parcel.js'
import type { Expectation, ServerModel } from './server-model.js'
import type { Tally } from './tally.js'

/** Milliseconds. */
const FASTEST = 5
const SLOWEST = 400

/** What the sender of a parcel does when the server has answered. */
export type OnReceipt = (status: Receipt['status']) => void

/**
 * Carries parcels to the server and letters to the clients, late, in any order, or not at all, and checks what comes back
 * against what must.
 */
export class Network {
  readonly clock: Clock
  readonly server: ServerSession
  readonly model: ServerModel
  readonly tally: Tally
  /** The server's messages of the open round. */
  posted: ReadonlyMap<number, Bytes> = new Map()

  constructor(clock: Clock, server: ServerSession, model: ServerModel, tally: Tally) {
    this.clock = clock
    this.server = server
    this.model = model
    this.tally = tally
  }

  /** A delay as most messages have it. */
  delay(client: SimulatedClient): number {
    return FASTEST + client.random.below(SLOWEST - FASTEST)
  }

  /** Sends a parcel over the client's connection. */
  send(client: SimulatedClient, parcel: Parcel, delay: number, onReceipt?: OnReceipt): void {
    const { connection } = client
    this.tally.sent++
    this.clock.after(delay, client.seat, async () => {
      if (client.connection !== connection) {
        this.tally.lost++
        return
      }
      const expectation = this.model.receive(parcel)
      const receipt = await this.server.receive(parcel.seat, parcel.bytes)
      this.tally.receipt(receipt)
      this.#compare(parcel, expectation, receipt)
      if (receipt.status === 'busy') {
        receipt.room.then(() => {
          if (client.connection === connection) this.send(client, parcel, this.delay(client), onReceipt)
        })
        return
      }
      onReceipt?.(receipt.status)
    })
  }

  /** Sends a letter to the client, and hands on what it answers. */
  post(
    client: SimulatedClient,
    letter: Letter,
    delay: number,
    onAnswer: (messages: readonly Uint8Array[]) => void | Promise<void>,
  ): void {
    const { connection } = client
    this.tally.letters.sent++
    this.clock.after(delay, client.seat, async () => {
      if (client.connection !== connection) {
        this.tally.letters.lost++
        return
      }
      try {
        const messages = await client.take(letter)
        this.tally.letters[messages.length > 0 ? 'answered' : 'refused']++
        if (messages.length > 0) await onAnswer(messages)
      } catch (error) {
        this.tally.letters.refused++
        this.tally.find(String(error))
      }
    })
  }

  /** Ends a client's connection, and all that is under way over it. */
  async disconnect(client: SimulatedClient): Promise<void> {
    client.connection++
    const expected = this.model.discard(client.seat)
    const discarded = await this.server.discardUpload(client.seat)
    if (discarded !== expected) {
      this.tally.find(`seat ${client.seat} had ${expected ? 'an' : 'no'} unfinished upload to be discarded`)
    }
  }

  /** What a client that has come back gets when it asks for the message of the open round. */
  askedAgain(seat: number): Uint8Array | undefined {
    const bytes = this.server.messageFor(seat)
    const posted = this.posted.get(seat)
    const isSame =
      bytes === undefined ? posted === undefined : posted !== undefined && sameBytes(bytes, posted)
    if (!isSame) this.tally.find(`seat ${seat} asked for its message again and got another one`)
    return bytes
  }

  #compare({ seat, type, part }: Parcel, expected: Expectation, receipt: Receipt): void {
    const got = receipt.status === 'refused' ? receipt.error.code : receipt.status
    const wanted = expected.status === 'refused' ? expected.code : expected.status
    const what = `${type ?? 'unreadable bytes'} ${part} of seat ${seat} in ${this.model.phase}`
    if (got !== wanted) this.tally.find(`${what}: ${got} in place of ${wanted}`)
    if (receipt.status === 'refused' && receipt.error.fault !== 'peer') {
      this.tally.find(`${what}: the fault is said to be ${receipt.error.fault}`)
    }
  }
}

/** A genuine message of each type, to be sent again from another seat or in another round. */
export type Samples = Map<MessageType, Parcel>
