import { localPlane, ServerSession } from 'secagg'
import * as transport from 'secagg/transport'
import { encodeNotice } from '../../src/transport/notices.js'
import { fakeApi } from '../telemetry/fake-api.js'
import {
  type Example,
  type Examples,
  optional,
  optionalBut,
  orAnything,
  orFunction,
  whole,
} from './examples.js'
import { provider } from './root-examples.js'
import { ACTIVE, newSessions } from './rounds.js'
import { testArguments } from './surface.js'

const { clientOptions, serverOptions } = await newSessions(ACTIVE)
const { config, signer, verifyIdentity } = clientOptions
const input = clientOptions.input as readonly Uint16Array[]
const crypto = provider(clientOptions.crypto!)
const clock: transport.Clock = { after: () => () => undefined }
const signal = new AbortController().signal

/** A connection to a server that announces at once that the round is over. */
const finished = (): transport.Connection => ({
  send: async () => undefined,
  messages: (async function* () {
    yield encodeNotice({ kind: 'finished', included: true })
  })(),
  close: () => undefined,
})

const shared = {
  crypto: optional(crypto),
  save: optional(async () => undefined),
  signal: optional(whole(signal)),
  onProgress: optional(() => undefined),
  onEvent: optional(() => undefined),
  clock: optional({ ...clock }),
  maximumSilence: optional(5000),
}

let savedServer = new Uint8Array(0)
const save = (bytes: Uint8Array): void => {
  savedServer = Uint8Array.from(bytes)
}
await new ServerSession({ ...serverOptions, save }).checkpoint()

const forever = Number.POSITIVE_INFINITY
const served = (): transport.RoundHandle => {
  const round = transport.serveRound({
    ...serverOptions,
    onEvent: undefined,
    deadline: forever,
    farewell: forever,
    clock,
  })
  round.outcome.catch(() => undefined)
  return round
}

const inbox = (): transport.Inbox => new transport.Inbox()
const stream = { readable: (async function* () {})(), write: async () => undefined, close: () => undefined }
const port = {
  postMessage: () => undefined,
  addEventListener: () => undefined,
  start: () => undefined,
  close: () => undefined,
}
const socket = (): transport.Socket => ({
  binaryType: '',
  readyState: 1,
  bufferedAmount: 0,
  send: () => undefined,
  close: () => undefined,
  addEventListener: () => undefined,
})
const message = new Uint8Array(3)

/** `send` of a connection whose peer reads at once. */
function sending(connection: transport.Connection): Example {
  return { on: connection, args: [message] }
}
const pair = (): transport.Connection => {
  const [near, far] = transport.connectionPair()
  void far.messages[Symbol.asyncIterator]().next()
  return near
}

const examples: Examples = {
  messageLimits: () => ({ args: [whole(config)] }),
  Inbox: () => ({
    args: [
      optional({
        pause: optional(() => undefined),
        resume: optional(() => undefined),
        close: optional(() => undefined),
        capacity: optional(3),
      }),
    ],
  }),
  // A transport can deliver anything; a wrong value ends the connection.
  'Inbox#push': () => ({ on: inbox(), args: [orAnything(message)] }),
  'Inbox#end': () => ({ on: inbox(), args: [orAnything(undefined)] }),
  connectionPair: () => ({ args: [] }),
  createTelemetry: () => ({ args: [fakeApi().api] }),
  'connectionPair().0.send': () => sending(pair()),
  'connectionPair().0.close': () => ({ on: pair(), args: [] }),
  framedConnection: () => ({ args: [{ ...stream, readable: whole(stream.readable) }, 100] }),
  'framedConnection().send': () => sending(transport.framedConnection(stream, 100)),
  'framedConnection().close': () => ({ on: transport.framedConnection(stream, 100), args: [] }),
  messagePortConnection: () => ({
    args: [{ ...port, start: optional(port.start), close: optional(port.close) }],
  }),
  'messagePortConnection().send': () => sending(transport.messagePortConnection(port)),
  'messagePortConnection().close': () => ({ on: transport.messagePortConnection(port), args: [] }),
  socketConnection: () => ({
    args: [whole(socket()), optional({ highWater: optional(1000), clock: optional({ ...clock }) })],
  }),
  'socketConnection().send': () => sending(transport.socketConnection(socket())),
  'socketConnection().close': () => ({ on: transport.socketConnection(socket()), args: [] }),
  runClient: () => ({
    args: [
      finished,
      {
        config: whole(config),
        seat: 0,
        input: orFunction(input),
        splitSecret: optional(async () => []),
        signer: { ...signer },
        verifyIdentity,
        minimumSurvivors: optional(4),
        claimSession: optional(() => true),
        retryAfter: optional(() => undefined),
        openUpload: optional(() => undefined),
        ...shared,
      },
    ],
  }),
  serveRound: () => ({
    args: [
      {
        config: whole(config),
        verifyIdentity,
        ...optionalBut([], {
          maximumUploads: 3,
          saved: savedServer,
          plane: whole(localPlane()),
          deadline: forever,
          phases: {
            unmasking: optional({ deadline: optional(5), minimum: optional(4), enough: optional(4) }),
          },
          uploadTime: 1000,
          reconnectTime: forever,
          checkpointEvery: 2,
          farewell: forever,
          telemetry: whole(transport.createTelemetry(fakeApi().api)),
        }),
        ...shared,
      },
    ],
  }),
  'serveRound().connect': () => ({ on: served(), args: [0, { ...finished() }] }),
}

testArguments(transport, examples)
