import { ClientSession, createRoundConfig, ServerSession } from 'secagg'
import {
  connectionPair,
  createTelemetry,
  type OpenTelemetryApi,
  runClient,
  type ServeRoundOptions,
  serveRound,
} from 'secagg/transport'
import { expect, test, vi } from 'vitest'
import { tracingOf, withTraceParent } from '../../src/telemetry/tracing.js'
import { traceRound } from '../../src/transport/server/round-trace.js'
import { fakeApi } from './fake-api.js'

const options = {
  sessionId: new Uint8Array(32).fill(4),
  clients: 3,
  adversary: 'honest-but-curious',
  segments: [{ length: 2, bits: 16, bound: 1000 }],
} as const
const config = createRoundConfig(options)

/** Plays a round, and returns its sum. */
async function play(options: Partial<ServeRoundOptions>): Promise<unknown> {
  const round = serveRound({ config, deadline: 5000, farewell: 0, ...options })
  // A server that fails does not tell its clients, because the round may be resumed.
  const leave = new AbortController()
  const ends = [0, 1, 2].map((seat) => {
    const connect = () => {
      const [ours, theirs] = connectionPair()
      round.connect(seat, theirs)
      return ours
    }
    const { signal } = leave
    return runClient(connect, { config, seat, signal, input: [Uint16Array.of(seat, 100)] }).catch(() => 0)
  })
  try {
    const { sum } = await round.outcome
    await Promise.all(ends)
    return sum
  } finally {
    leave.abort()
    await Promise.all(ends)
    await round.closed
  }
}

test('a round is a span, and each phase one below it', async () => {
  const { api, spans } = fakeApi()
  const telemetry = createTelemetry(api)
  expect(await play({ telemetry })).toEqual([Uint16Array.of(3, 300)])
  expect(spans.map(({ name, parent, ends }) => [name, parent && Number(parent), ends])).toEqual([
    ['secagg round', undefined, 1],
    ['secagg advertise-keys', 1, 1],
    ['secagg share-keys', 1, 1],
    ['secagg masked-input', 1, 1],
    ['secagg unmasking', 1, 1],
  ])
  for (const { attributes } of spans.slice(1)) {
    expect(attributes).toMatchObject({
      'secagg.accepted': 3,
      'secagg.messages': 3,
      'secagg.refused_messages': 0,
    })
  }
  expect(spans[0]!.attributes).toHaveProperty('secagg.survivors', 3)
  expect(spans.every(({ status }) => status === undefined)).toBe(true)
  // Nothing of the round is kept.
  expect(tracingOf(telemetry)!.rounds.size).toBe(0)
})

test('a round that fails says so with a code, not with a text that may contain a secret', async () => {
  const { api, spans } = fakeApi()
  const save = (): never => {
    throw new Error('password hunter2')
  }
  await expect(play({ telemetry: createTelemetry(api), save })).rejects.toThrow()
  expect(spans.map(({ name, ends }) => [name, ends])).toEqual([
    ['secagg round', 1],
    ['secagg advertise-keys', 1],
  ])
  for (const { status, attributes } of spans) {
    expect(status).toEqual({ code: 2, message: 'storage-failure' })
    expect(attributes).toHaveProperty(['error.type'], 'storage-failure')
  }
  expect(JSON.stringify(spans)).not.toContain('hunter2')
})

test('a round that is aborted says so', async () => {
  const { api, spans } = fakeApi()
  const abort = new AbortController()
  const onEvent = ({ type }: { type: string }): void => {
    if (type === 'message') abort.abort(new Error('hunter2'))
  }
  await expect(play({ telemetry: createTelemetry(api), signal: abort.signal, onEvent })).rejects.toThrow()
  expect(spans[0]!.status).toEqual({ code: 2, message: 'aborted' })
  expect(JSON.stringify(spans)).not.toContain('hunter2')
})

test('a round that is resumed links to the span of the process that has saved it', async () => {
  const { api, spans } = fakeApi()
  const telemetry = createTelemetry(api)
  let saved: Uint8Array | undefined
  /** Ends at the first message after the state was saved, as a process that is killed. */
  const killed = (options: Partial<ServeRoundOptions>): Promise<unknown> => {
    const abort = new AbortController()
    let isSaved = false
    return play({
      ...options,
      signal: abort.signal,
      save: (bytes) => {
        saved = bytes
        isSaved = true
      },
      onEvent: ({ type }) => {
        if (isSaved && type === 'message') abort.abort()
      },
    }).catch(() => undefined)
  }
  await killed({ telemetry })
  const rounds = () => spans.filter(({ name }) => name === 'secagg round')
  expect(rounds().map(({ links }) => links)).toEqual([[]])
  // Whether the next process records traces or not, it can use what was saved.
  const state = saved!
  const end = new AbortController()
  for (const options of [{ telemetry }, {}]) {
    const resumed = serveRound({ config, saved: state, signal: end.signal, ...options })
    resumed.outcome.catch(() => undefined)
    await vi.waitFor(() => expect(resumed.phase).toBe('share-keys'))
    expect(rounds().map(({ links }) => links)).toEqual([[], ['0000000000000001']])
  }
  end.abort()
  // So can a session without transport.
  expect((await ServerSession.resume(state, { config })).phase).toBe('share-keys')
  for (const length of [1, 55, 56, 57, 100]) {
    const refused = ServerSession.resume(state.subarray(0, length), { config })
    await expect(refused).rejects.toMatchObject({ code: 'malformed-state' })
  }
})

test('a saved session whose first byte looks like the mark of a trace is resumed', async () => {
  const clients = 78
  const many = createRoundConfig({ ...options, clients, segments: [{ length: 2, bits: 24, bound: 1000 }] })
  let saved = new Uint8Array(0)
  const save = (bytes: Uint8Array): void => {
    saved = bytes.slice()
  }
  const session = new ServerSession({ config: many, save })
  const input = [Uint32Array.of(1, 2)]
  for (let seat = 0; seat < clients; seat++) {
    await session.receive(seat, await new ClientSession({ config: many, seat, input }).start())
  }
  await session.closePhase()
  // The lowest byte of a length.
  expect(saved[0]).toBe(0xff)
  const end = new AbortController()
  const resumed = serveRound({ config: many, saved, signal: end.signal })
  resumed.outcome.catch(() => undefined)
  await vi.waitFor(() => expect(resumed.phase).toBe('share-keys'))
  end.abort()
  const traced = withTraceParent(`00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, saved)
  expect((await ServerSession.resume(traced, { config: many })).phase).toBe('share-keys')
})

test('an SDK that fails does not harm the round', async () => {
  const { api } = fakeApi()
  const fail = (): never => {
    throw new Error('the SDK is broken')
  }
  const broken = { spanContext: fail, addEvent: fail, setAttributes: fail, setStatus: fail, end: fail }
  const apis: readonly OpenTelemetryApi[] = [
    { ...api, trace: { ...api.trace, getTracer: fail } },
    { ...api, trace: { ...api.trace, getTracer: () => ({ startSpan: fail }) } },
    { ...api, trace: { ...api.trace, getTracer: () => ({ startSpan: () => broken }) } },
    { ...api, context: { active: fail } },
  ]
  for (const other of apis) {
    expect(await play({ telemetry: createTelemetry(other) })).toEqual([Uint16Array.of(3, 300)])
  }
})

test('without an SDK, nothing about traces is sent to other processes', () => {
  const { api } = fakeApi()
  const [traceId, spanId] = ['0'.repeat(32), '0'.repeat(16)]
  const idle = {
    ...{ spanContext: () => ({ traceId, spanId, traceFlags: 0 }), addEvent: () => 0 },
    ...{ setAttributes: () => 0, setStatus: () => 0, end: () => undefined },
  }
  const tracer = { startSpan: () => idle }
  const telemetry = createTelemetry({ ...api, trace: { ...api.trace, getTracer: () => tracer } })
  const tracing = tracingOf(telemetry)!
  traceRound(tracing, config, { isResumed: false })
  expect([...tracing.rounds.values()].map(({ round }) => round.traceParent)).toEqual([undefined])
})

test('telemetry that was not made by createTelemetry is refused at once', () => {
  const telemetry = { kind: 'opentelemetry' }
  expect(() => serveRound({ config, telemetry })).toThrow('telemetry must be made by createTelemetry')
})
