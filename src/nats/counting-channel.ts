import type { IngestChannel } from '../ingest/assignments.js'
import { kindOf, openReply } from '../ingest/group-messages.js'
import { createCounters, secondsSince } from './context.js'

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
      counters.set('lag_seconds', secondsSince(oldest?.since ?? Date.now()))
      return counters.text()
    },
  }
}
