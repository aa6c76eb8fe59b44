import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as api from '@opentelemetry/api'
import { natsIngest, natsUnmasker } from 'secagg/nats'
import { createTelemetry, type Telemetry } from 'secagg/transport'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startNatsServer, type TestBroker } from '../support/nats-server.js'
import { configOf, playRound, type RunningCommand, startCommand, storeFor } from './commands.js'
import { KEY } from './support.js'
import { forgetSpans, type RecordedSpan, recordedSpans } from './telemetry-module.js'

const module = fileURLToPath(new URL('telemetry-module.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'secagg-traces-'))
let broker: TestBroker
beforeAll(async () => {
  broker = await startNatsServer()
})
beforeEach(() => forgetSpans())
afterAll(async () => {
  await broker.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A command that records spans, and what it has recorded when it has ended. */
async function startTraced(
  name: string,
  ...args: readonly string[]
): Promise<{ readonly command: RunningCommand; spans(): readonly RecordedSpan[] }> {
  const file = join(folder, name)
  const env = { RECORDED_SPANS: file }
  return {
    command: await startCommand(broker.servers, [...args, '--telemetry', module], env),
    spans: () => JSON.parse(readFileSync(file, 'utf8')),
  }
}

/** Plays a round as a coordinator with or without telemetry. */
async function coordinate(id: number, telemetry: Telemetry | undefined): Promise<void> {
  const connection = { servers: broker.servers }
  const unmasker = await natsUnmasker({ connection, key: KEY, localBytes: 0, telemetry })
  const ingest = await natsIngest({ connection, key: KEY, unmasker, storeFor, pollTime: 50, telemetry })
  try {
    expect(await playRound(configOf(id), ingest, { telemetry })).toEqual([new Uint32Array(3000).fill(25)])
  } finally {
    await ingest.close()
    await unmasker.close()
  }
}

/** The spans as lines, each with the names of those above it. */
function tree(spans: readonly RecordedSpan[]): readonly string[] {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const path = (span: RecordedSpan): string => {
    if (span.parent === undefined) return span.name
    const above = byId.get(span.parent)
    return `${above === undefined ? 'a span that nobody has recorded' : path(above)} > ${span.name}`
  }
  return spans.map(path).map((line) => line.replaceAll('secagg ', ''))
}

test('the spans of a round in three processes form one tree', async () => {
  const [worker, ingest] = await Promise.all([
    startTraced('worker', 'worker', '--threads', '0'),
    startTraced('ingest', 'ingest', '--listen', '0'),
  ])
  await coordinate(1, createTelemetry(api))
  // Nothing is recorded anywhere of a round whose coordinator does not.
  await coordinate(2, undefined)
  await Promise.all([worker.command.end(), ingest.command.end()])
  const [own, theirs, collected] = [recordedSpans(), worker.spans(), ingest.spans()]
  const all = [...own, ...theirs, ...collected]

  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1)
  expect(tree(own).toSorted()).toEqual([
    'round',
    'round > advertise-keys',
    'round > masked-input',
    'round > share-keys',
    'round > unmasking',
    'round > unmasking > unmask',
  ])
  const lines = tree(all)
  const count = (line: string): number => lines.filter((other) => other === line).length
  expect(count('round > unmasking > unmask > task')).toBe(theirs.length)
  expect(theirs.length).toBeGreaterThan(0)
  expect(count('round > upload')).toBe(7)
  expect(count('round > seal')).toBeGreaterThan(0)
  expect(count('round > upload') + count('round > seal')).toBe(collected.length)
  expect([...theirs, ...collected].every(({ isRemote, status }) => isRemote && status === 0)).toBe(true)
  expect(theirs.every(({ kind }) => kind === api.SpanKind.CONSUMER)).toBe(true)
  expect(collected.every(({ kind }) => kind === api.SpanKind.SERVER)).toBe(true)

  const round = own.find(({ name }) => name === 'secagg round')!
  expect(round.attributes).toMatchObject({
    'secagg.round_id': '01'.repeat(32),
    'secagg.clients': 8,
    'secagg.elements': 3000,
    'secagg.resumed': false,
    'secagg.survivors': 7,
  })
  const unmasking = own.find(({ name }) => name === 'secagg unmasking')!
  expect(unmasking.events).toEqual(['secrets recovered'])
  expect(unmasking.attributes).toMatchObject({ 'secagg.accepted': 7, 'secagg.messages': 7 })
  const sent = collected.filter(({ name }) => name === 'secagg upload')
  for (const { attributes } of sent) {
    expect(attributes['secagg.received_bytes']).toBeGreaterThan(3000 * 4)
  }
  const terms = theirs.reduce((sum, { attributes }) => sum + Number(attributes['secagg.terms']), 0)
  expect(terms).toBe(14)

  // Numbers, and words of this library. No seat, no address, no key.
  for (const { attributes } of all) {
    for (const [name, value] of Object.entries(attributes)) {
      expect(name).toMatch(/^(secagg\.[a-z_]+|error\.type)$/)
      expect(name).not.toMatch(/seat|client_|key$|address|ticket/)
      if (name !== 'secagg.round_id') expect(String(value)).toMatch(/^[a-z-]{1,24}$|^\d{1,12}$/)
    }
  }
})

test('workers and ingest processes without telemetry serve a coordinator that has it', async () => {
  const commands = await Promise.all([
    startCommand(broker.servers, ['worker', '--threads', '0']),
    startCommand(broker.servers, ['ingest', '--listen', '0']),
  ])
  await coordinate(3, createTelemetry(api))
  for (const command of commands) command.kill()
  expect(recordedSpans()).toHaveLength(6)
})
