import { bytesToHex } from '../crypto/bytes.js'
import type { IngestChannel } from '../ingest/assignments.js'
import { kindOf, openReply, roundOf } from '../ingest/group-messages.js'
import type { IngestProcess, IngestProcessOptions } from '../ingest/ingest-process.js'
import { type Span, splitTraceParent, type Tracing, withTraceParent } from '../telemetry/tracing.js'

/** The numbers that a process reports about itself. Names have no prefix and no unit beyond what their text says. */
export interface Counters {
  add(name: string, amount?: number): void
  set(name: string, value: number): void
  get(name: string): number
  /** All numbers, in the text format of Prometheus. */
  text(): string
}

/** What is counted: a name, its kind and its description. */
export type CounterTexts = Readonly<Record<string, readonly ['counter' | 'gauge', string]>>

/** The time since `start`, a time of `Date.now()`, in seconds. 0 if a clock was set back, or another machine's is ahead. */
export function secondsSince(start: number): number {
  return Math.max(Date.now() - start, 0) / 1000
}

/** Counters that begin at zero. Their names get `prefix` in the text. */
export function createCounters(prefix: string, texts: CounterTexts): Counters {
  const values = new Map(Object.keys(texts).map((name) => [name, 0]))
  const get = (name: string): number => values.get(name) ?? 0
  return {
    add: (name, amount = 1) => values.set(name, get(name) + amount),
    set: (name, value) => values.set(name, value),
    get,
    text: () =>
      Object.entries(texts)
        .map(([name, [kind, help]]) => {
          const full = `${prefix}_${name}`
          return `# HELP ${full} ${help}\n# TYPE ${full} ${kind}\n${full} ${get(name)}\n`
        })
        .join(''),
  }
}

const COUNTERS = {
  requests_total: ['counter', 'Requests to ingest processes.'],
  failed_requests_total: ['counter', 'Requests that no ingest process answered.'],
  opened_groups_total: ['counter', 'Groups that were given to a process, for the first time or again.'],
  sealed_groups_total: ['counter', 'Requests to seal a group that were answered.'],
  sent_bytes_total: ['counter', 'Bytes of requests that were sent.'],
  received_bytes_total: ['counter', 'Bytes of replies that have arrived; most of them are partial sums.'],
  processes: ['gauge', 'Ingest processes that answered when groups were given out last.'],
  queue_depth: ['gauge', 'Requests without a reply.'],
  lag_seconds: ['gauge', 'How long the oldest request has been without a reply.'],
} as const

/** A channel that counts what goes through it. */
export interface CountingChannel extends IngestChannel {
  /** The numbers, in the text format of Prometheus. */
  metrics(): string
}

/** Counts the requests of a coordinator to its ingest processes. */
export function countingChannel(channel: IngestChannel): CountingChannel {
  const counters = createCounters('secagg_collect', COUNTERS)
  /** When the requests in progress were sent, in order. */
  const open = new Set<{ readonly since: number }>()
  return {
    discover: async () => {
      const places = await channel.discover()
      counters.set('processes', places.length)
      return places
    },
    request: async (process, bytes) => {
      const kind = kindOf(bytes)
      const request = { since: Date.now() }
      open.add(request)
      counters.add('requests_total')
      counters.add('sent_bytes_total', bytes.length)
      try {
        const reply = await channel.request(process, bytes)
        counters.add('received_bytes_total', reply.length)
        if (typeof openReply(reply) !== 'string') {
          if (kind === 'open') counters.add('opened_groups_total')
          if (kind === 'seal') counters.add('sealed_groups_total')
        }
        return reply
      } catch (error) {
        counters.add('failed_requests_total')
        throw error
      } finally {
        open.delete(request)
      }
    },
    metrics: () => {
      const [oldest] = open
      counters.set('queue_depth', open.size)
      counters.set('lag_seconds', secondsSince(oldest?.since ?? Number.POSITIVE_INFINITY))
      return counters.text()
    },
  }
}

/** The number of rounds whose place in a trace a process remembers. */
const ROUNDS = 256

/** Tells the ingest processes, with each group that they are given, where the round is in its trace. */
export function tracedChannel(channel: IngestChannel, tracing: Tracing | undefined): IngestChannel {
  if (tracing === undefined) return channel
  return {
    discover: () => channel.discover(),
    request: (process, bytes) => {
      const round = kindOf(bytes) === 'open' ? tracing.rounds.get(roundOf(bytes))?.round : undefined
      return channel.request(process, withTraceParent(round?.traceParent, bytes))
    },
  }
}

/** The part of an ingest process that answers coordinators. */
export type IngestService = Pick<IngestProcess, 'handle'>

/** What an ingest process records. */
export interface IngestTraces {
  readonly onUpload: IngestProcessOptions['onUpload']
  /** Records what `process` is asked. */
  watch(process: IngestService): IngestService
}

/**
 * Records the uploads to an ingest process, and the sealing of its groups, in the traces of their rounds. A client learns
 * nothing of a trace and can add nothing to it: its connection is in one only after it has shown a valid ticket.
 */
export function ingestTraces(tracing: Tracing | undefined): IngestTraces {
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
    onUpload: ({ configHash, group }) => {
      const span = begin(bytesToHex(configHash), 'upload', group)
      return (
        span &&
        (({ messages, bytes, failure }) =>
          span.end({ 'secagg.messages': messages, 'secagg.received_bytes': bytes }, failure))
      )
    },
    watch: (process) => ({
      handle: async (bytes) => {
        // Coordinators may record traces when this process does not.
        const { traceParent, message } = splitTraceParent(bytes)
        note(message, traceParent)
        const span = kindOf(message) === 'seal' ? begin(roundOf(message), 'seal') : undefined
        let failure: string | undefined = 'error'
        try {
          const reply = await process.handle(message)
          const answer = openReply(reply)
          // 'busy' asks the coordinator to come again.
          failure = typeof answer === 'string' && answer !== 'busy' ? answer : undefined
          return reply
        } finally {
          span?.end({}, failure)
        }
      },
    }),
  }
}
