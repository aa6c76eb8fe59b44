import type { Bytes } from '../crypto/bytes.js'
import { bytesToHex, isBytes } from '../crypto/bytes.js'
import type { IngestChannel } from '../ingest/assignments.js'
import { kindOf, openTicket, roundOf } from '../ingest/group-messages.js'
import type { IngestProcess } from '../ingest/ingest-process.js'
import { splitTraceParent, withTraceParent } from '../telemetry/trace-parent.js'
import type { Span, Tracing } from '../telemetry/tracing.js'
import type { Connection } from '../transport/connections/connection.js'
import { decodeNotice } from '../transport/notices.js'

/** The number of rounds whose place in a trace a process remembers. */
const ROUNDS = 256

/** Tells the ingest processes, with each group that they are given, where the round is in its trace. */
export function tracedChannel(channel: IngestChannel, tracing: Tracing | undefined): IngestChannel {
  if (tracing === undefined) return channel
  return {
    discover: () => channel.discover(),
    request: (process, bytes) => {
      const round = kindOf(bytes) === 'open' ? tracing.rounds.get(roundOf(bytes))?.round : undefined
      return channel.request(process, withTraceParent(round?.traceParent, bytes) as Bytes)
    },
  }
}

/** What an ingest process offers to coordinators and clients. */
export type IngestService = Pick<IngestProcess, 'handle' | 'accept'>

/**
 * Records the uploads to an ingest process, and the sealing of its groups, in the traces of their rounds. A client learns
 * nothing of a trace and can add nothing to it: its connection is in one only after it has shown a valid ticket.
 */
export function tracedProcess(
  process: IngestProcess,
  key: Uint8Array,
  tracing: Tracing | undefined,
): IngestService {
  /** The places of rounds in their traces, by the hash of their configuration. */
  const places = new Map<string, string>()
  const begin = (round: string, name: string, group?: number): Span | undefined =>
    tracing?.join(places.get(round), name, 'server', group === undefined ? {} : { 'secagg.group': group })
  const note = (request: Uint8Array, traceParent: string | undefined): void => {
    const kind = kindOf(request)
    if (kind === 'forget') places.delete(roundOf(request))
    if (kind !== 'open' || traceParent === undefined || tracing === undefined) return
    places.delete(roundOf(request))
    places.set(roundOf(request), traceParent)
    for (const oldest of places.keys()) if (places.size > ROUNDS) places.delete(oldest)
  }
  return {
    handle: async (bytes) => {
      // Coordinators may record traces when this process does not.
      const { traceParent, message } = splitTraceParent(bytes)
      note(message, traceParent)
      const span = kindOf(message) === 'seal' ? begin(roundOf(message), 'seal') : undefined
      let failure: string | undefined = 'error'
      try {
        const reply = await process.handle(message)
        failure = reply[0] === 0 ? undefined : 'refused'
        return reply
      } finally {
        span?.end({}, failure)
      }
    },
    accept: async (connection) => {
      if (tracing === undefined) return process.accept(connection)
      const upload = new Upload(connection, (first) => {
        const ticket = openTicket(key, first)
        return ticket && begin(bytesToHex(ticket.configHash), 'upload', ticket.group)
      })
      await process.accept(upload)
      upload.end()
    },
  }
}

/** The connection of a client, which is watched. */
class Upload implements Connection {
  readonly messages: AsyncIterable<Uint8Array>
  readonly #connection: Connection
  #span: Span | undefined
  #bytes = 0
  #count = 0
  #failure: string | undefined = 'connection-lost'

  constructor(connection: Connection, begin: (first: Uint8Array) => Span | undefined) {
    this.#connection = connection
    this.messages = {
      [Symbol.asyncIterator]: () => {
        const messages = connection.messages[Symbol.asyncIterator]()
        return {
          next: async () => {
            const step = await messages.next()
            if (step.done !== true && isBytes(step.value)) {
              if (this.#count++ === 0) this.#span = begin(step.value)
              else this.#bytes += step.value.length
            }
            return step
          },
        }
      },
    }
  }

  send(bytes: Bytes): void | Promise<void> {
    const notice = decodeNotice(bytes)
    if (notice?.kind === 'finished') this.#failure = undefined
    if (notice?.kind === 'refused') this.#failure = notice.code
    return this.#connection.send(bytes)
  }

  close(): void {
    this.#connection.close()
  }

  end(): void {
    const messages = Math.max(this.#count - 1, 0)
    this.#span?.end({ 'secagg.messages': messages, 'secagg.received_bytes': this.#bytes }, this.#failure)
  }
}
