import type { Bytes } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'
import type { ClientSessionOptions } from '../../session/index.js'
import { beforeVector } from '../../session/message-limits.js'
import { type Clock, timer } from '../clock.js'
import { type Connection, requireMessage } from '../connections/connection.js'
import { Lost, lossOf } from '../failures.js'
import { decodeNotice, Ending, ignore, type Notice } from '../notices.js'
import { type Limits, openInTime } from './opening.js'

/** Where a masked vector goes, and the permission to send it there. */
type Place = Extract<Notice, { kind: 'upload' }>

/**
 * Makes a connection to an address that the server has named, for the client's masked vector.
 * @public
 */
export type OpenUpload = (address: string) => Connection | Promise<Connection>

/**
 * Sends a masked vector over a connection of its own. Resolves with the last word of the other side: `finished`, or the code
 * with which it refuses the vector.
 *
 * @throws {Lost} if no connection is made in time; what the connection throws, or an error if it ends before that word; the
 *   reason of the end once that has come.
 */
async function uploadVector(
  open: OpenUpload,
  { address, ticket }: Place,
  vector: AsyncIterable<Bytes>,
  limits: Limits,
): Promise<string> {
  const { ending } = limits
  const connection = await openInTime(() => open(address), limits)
  try {
    // The other side may refuse while there is still something to send, so this side reads all the time.
    const word = lastWord(connection)
    word.catch(ignore)
    const sending = (async () => {
      await connection.send(ticket)
      for await (const bytes of vector) await connection.send(bytes)
      return word
    })()
    sending.catch(ignore)
    // If sending fails because the other side has closed, its word may still arrive.
    return await ending.race(Promise.any([word, sending]).catch(() => word))
  } finally {
    await (async () => connection.close())().catch(ignore)
  }
}

async function lastWord(connection: Connection): Promise<string> {
  for await (const message of connection.messages) {
    const notice = decodeNotice(requireMessage(message))
    if (notice?.kind === 'finished') return 'finished'
    if (notice?.kind === 'refused') return notice.code
    throw new Error('the other side sent something else than a notice')
  }
  throw new Error('the other side closed the connection before it had the vector')
}

/** A masked vector that is to be sent. */
interface Vector {
  /** Its first message. */
  readonly first: Bytes
  /** Makes the first message again. */
  make(): Promise<Bytes>
  /** The messages after the first one. */
  slices(): AsyncIterable<Bytes>
  /** Whether the server still waits for it. */
  isWanted(): boolean
}

/** After a failed upload, the client waits this many milliseconds, and longer after each further one. */
const RETRY = 500

/** Why an upload ends: the server has sent something new, so it does not wait for this upload. */
const MOVED = Symbol('moved')

/** Sends a client's masked vector to the place that the server names, if it names one. */
export class Uploads {
  readonly #config: ClientSessionOptions['config']
  readonly #open: OpenUpload | undefined
  readonly #clock: Clock
  /** How long it may take to connect to a place, in milliseconds. */
  readonly #time: number
  /** The end of the conversation with the server. */
  readonly #ending: Ending
  #place: Place | undefined
  /** Ends the upload that runs. */
  #uploading: Ending | undefined

  constructor(
    config: ClientSessionOptions['config'],
    open: OpenUpload | undefined,
    { clock, time, ending }: Limits,
  ) {
    this.#config = config
    this.#open = open
    this.#clock = clock
    this.#time = time
    this.#ending = ending
  }

  /** To be called with every message of the server, and with the notice that it is. */
  heard(notice: Notice | undefined): void {
    this.#uploading?.end(MOVED)
    if (notice?.kind === 'upload') this.#place = notice
  }

  /**
   * What the server must get before the vector of which `bytes` is the first message. `none`: the vector can be sent to its
   * place. `undefined`: `bytes` go to the server as they are.
   */
  proofFor(bytes: Bytes): Bytes | 'none' | undefined {
    const proof = this.#place && beforeVector(this.#config, bytes)
    return proof === undefined || this.#place?.ticket.length === 0 ? proof : 'none'
  }

  /**
   * Sends a vector to its place, as often as necessary. Resolves also if the server does not wait for it any more.
   * @throws {SecAggError} `message-refused`, fault `network`, if the vector is refused; `invalid-argument` without a function
   *   that connects to the place.
   */
  async send({ first, make, slices, isWanted }: Vector): Promise<void> {
    if (this.#open === undefined) {
      throw usageError(
        'invalid-argument',
        'the server wants the vector elsewhere; pass the option openUpload',
      )
    }
    for (let failures = 1; !this.#ending.over && isWanted(); failures++) {
      const uploading = new Ending()
      this.#uploading = uploading
      const begin = failures === 1 ? first : await make()
      const vector = async function* (): AsyncGenerator<Bytes, void, void> {
        yield begin
        yield* slices()
      }
      try {
        const limits = { clock: this.#clock, time: this.#time, ending: uploading }
        const word = await this.#ending.race(uploadVector(this.#open, this.#place!, vector(), limits))
        // Too late for this ticket: the server sends another one, or continues without this client.
        if (word === 'finished' || word === 'late-message') return
        throw new SecAggError('message-refused', 'network', 'the masked vector was refused', { got: word })
      } catch (error) {
        if (uploading.over && uploading.reason === MOVED) return
        if (this.#ending.over) throw error
        const loss = error instanceof Lost ? error : lossOf(error, true)
        if (!(loss instanceof Lost)) throw loss
      }
      await this.#pause(Math.min(failures, 10) * RETRY, uploading).catch(ignore)
    }
  }

  #pause(milliseconds: number, uploading: Ending): Promise<void> {
    const paused = new Promise<void>((resolve) => {
      timer(this.#clock, milliseconds, resolve)
    })
    return uploading.race(this.#ending.race(paused))
  }
}
