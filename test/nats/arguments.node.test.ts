import { randomBytes } from 'node:crypto'
import * as nats from 'secagg/nats'
import { connectionPair, createTelemetry } from 'secagg/transport'
import { afterAll } from 'vitest'
import { type Examples, optional, whole } from '../arguments/examples.js'
import { testArguments } from '../arguments/surface.js'
import { startNatsServer } from '../support/nats-server.js'
import { fakeApi } from '../telemetry/fake-api.js'

const broker = await startNatsServer()
const connection = { servers: broker.servers }
const key = randomBytes(32)
const unmasker = await nats.natsUnmasker({ connection, key, name: 'own' })
const worker = await nats.runWorker({ connection, key })
afterAll(async () => {
  await unmasker.close()
  await worker.close()
  await ingest.close()
  await broker.close()
})

const ingest = await nats.runIngest({ connection, key, address: 'ws://127.0.0.1:1' })
const store = { put: () => undefined, get: () => new Uint8Array(0), discard: () => undefined }

const telemetry = createTelemetry(fakeApi().api)
const limits = { redeliverAfter: 500, checkEvery: 500, patience: 500, attempts: 5, replicas: 1 }
const sizes = { taskBytes: 2 ** 20, localBytes: 2 ** 20 }

const examples: Examples = {
  natsIngest: () => ({
    args: [
      {
        ...{ connection: whole(connection), key, storeFor: () => store, unmasker: optional(whole(unmasker)) },
        ...{ pollTime: optional(100), reuploadTime: optional(1000), groupSize: optional(2) },
        telemetry: optional(whole(telemetry)),
      },
    ],
  }),
  'natsIngest().close': () => ({ on: { close: async () => undefined }, args: [] }),
  'natsIngest().metrics': () => ({ on: { metrics: () => '' }, args: [] }),
  runIngest: () => ({
    args: [
      {
        connection: whole(connection),
        key,
        address: 'ws://127.0.0.1:1',
        maximumSilence: optional(5000),
        telemetry: optional(whole(telemetry)),
      },
    ],
  }),
  'runIngest().accept': () => {
    const [ours, theirs] = connectionPair()
    ours.close()
    return { on: ingest, args: [whole(theirs)] }
  },
  'runIngest().metrics': () => ({ on: ingest, args: [] }),
  'runIngest().close': () => ({ on: { close: async () => undefined }, args: [] }),
  natsUnmasker: () => {
    const all = {
      connection: whole(connection),
      key,
      name: 'one',
      telemetry: whole(telemetry),
      ...limits,
      ...sizes,
    }
    const rest = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, optional(value)]))
    return { args: [{ ...rest, connection: whole(connection), key, deriveSeeds: optional(async () => []) }] }
  },
  'natsUnmasker().plane': () => {
    const store = { put: () => undefined, get: () => new Uint8Array(0), discard: () => undefined }
    return { on: unmasker, args: [optional({ sliceStore: optional(store) })] }
  },
  'natsUnmasker().metrics': () => ({ on: unmasker, args: [] }),
  'natsUnmasker().close': () => ({ on: { close: async () => undefined }, args: [] }),
  runWorker: () => ({
    args: [
      {
        connection: whole(connection),
        key,
        threads: optional(0),
        telemetry: optional(whole(telemetry)),
        signal: optional(whole(new AbortController().signal)),
      },
    ],
  }),
  'runWorker().metrics': () => ({ on: worker, args: [] }),
  'runWorker().close': () => ({ on: { close: async () => undefined }, args: [] }),
}

testArguments(nats, examples)
