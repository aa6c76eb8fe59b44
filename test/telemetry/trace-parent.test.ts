import * as fc from 'fast-check'
import { createTelemetry } from 'secagg/transport'
import { expect, test } from 'vitest'
import { type Bytes, codeUnits } from '../../src/crypto/bytes.js'
import { encodeRequest, refusalOf } from '../../src/ingest/group-messages.js'
import { IngestProcess } from '../../src/ingest/ingest-process.js'
import { ingestTraces } from '../../src/nats/reports.js'
import { decodeTask } from '../../src/nats/task-messages.js'
import {
  decodeTraceParent,
  encodeTraceParent,
  splitTraceParent,
  tracingOf,
  withTraceParent,
} from '../../src/telemetry/tracing.js'
import { fakeApi } from './fake-api.js'

const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
const TEXT = `00-${traceId}-${spanId}-01`

test('the place of a span goes to another process and back', () => {
  expect(encodeTraceParent({ traceId, spanId, traceFlags: 1 })).toBe(TEXT)
  expect(decodeTraceParent(TEXT)).toEqual({ traceId, spanId, traceFlags: 1 })
  const message = Uint8Array.of(0, 1, 2)
  expect(splitTraceParent(withTraceParent(TEXT, message))).toEqual({ traceParent: TEXT, message })
  expect(withTraceParent(undefined, message)).toBe(message)
  expect(splitTraceParent(message)).toEqual({ message })
})

test.each([
  ['nothing', undefined],
  ['an object', { length: 55 }],
  ['a list of characters', [...TEXT]],
  ['zeros, as without an SDK', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`],
  ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['capitals', TEXT.toUpperCase()],
  ['another version', `01${TEXT.slice(2)}`],
  ['a line break at the end', `${TEXT}\n`],
  ['a line break inside', TEXT.replace('9', '\n')],
  ['a longer text', `${TEXT}-${'x'.repeat(1000)}`],
  ['a long text', 'a'.repeat(2 ** 20)],
])('%s is not the place of a span', (_, text) => {
  expect(decodeTraceParent(text)).toBeUndefined()
})

test('of what another process sends, two ids and one bit remain', () => {
  const texts = fc.oneof(
    fc.string({ minLength: 55, maxLength: 55 }),
    fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const place = decodeTraceParent(text)
      if (place === undefined) return
      expect(place.traceFlags & ~1).toBe(0)
      expect(encodeTraceParent(place)!.slice(0, 53)).toBe(text.slice(0, 53))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const marked = Uint8Array.of(0xff, ...bytes)
      const { traceParent, message } = splitTraceParent(marked)
      expect(marked.length - message.length).toSatisfy((length) => length === 0 || length === 56)
      if (traceParent !== undefined) expect(decodeTraceParent(traceParent)).toBeDefined()
    }),
  )
})

test('a request with a place that is none is answered like one without, and nonsense is refused', async () => {
  const process = new IngestProcess({ key: new Uint8Array(32) })
  const bad = new Uint8Array(60).fill(0xff)
  expect(await process.handle(splitTraceParent(bad).message)).toEqual(Uint8Array.of(1, 2))
  process.close()
})

test('a task with a place that is none is a task without one', () => {
  const task = {
    ...{ format: 1, suite: 'aes', block: 'b', first: 0, last: 1, redeliverAfter: 100 },
    ...{ segments: [{ length: 5, bits: 8 }], range: { from: 0, to: 5 } },
  }
  const decode = (trace: unknown) => decodeTask(codeUnits(JSON.stringify({ ...task, trace })))
  expect(decode(TEXT)).toHaveProperty('trace', TEXT)
  for (const trace of ['', 'x', { toString: 'x' }, 7, `${TEXT}\0`, null]) {
    expect(decode(trace)).toBeDefined()
    expect(decode(trace)).not.toHaveProperty('trace')
  }
})

test('a group that is still being sealed is not a failure in the trace, and one that is not there is', async () => {
  const { api, spans } = fakeApi()
  let reply: Bytes = refusalOf('busy')
  const process = { handle: async () => reply } as unknown as IngestProcess
  const { handle } = ingestTraces(tracingOf(createTelemetry(api))).watch(process)
  const id = { configHash: new Uint8Array(32).fill(1), group: 0, epoch: 1 }
  const shape = {
    seats: [0],
    segments: [{ length: 1, bits: 8 }],
    sliceLength: 1,
    prefix: 0,
    maximumUploads: 1,
  }
  await handle(withTraceParent(TEXT, encodeRequest({ kind: 'open', id, shape })))
  await handle(encodeRequest({ kind: 'seal', id }))
  reply = refusalOf('stale')
  await handle(encodeRequest({ kind: 'seal', id }))
  const seals = spans.filter(({ name }) => name.includes('seal'))
  expect(seals.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'stale'])
  expect(seals.map(({ status }) => status?.code)).toEqual([undefined, 2])
})
