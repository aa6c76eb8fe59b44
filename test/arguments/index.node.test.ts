import * as root from 'secagg'
import { type Example, type Examples, optional, orAnything, orFunction, said, whole } from './examples.js'
import { providerExamples } from './provider-examples.js'
import { createRoundConfig, identities, inspectMessage, minimumThreshold, provider } from './root-examples.js'
import { ACTIVE, newSessions } from './rounds.js'
import { testArguments } from './surface.js'

const { clientOptions, serverOptions } = await newSessions(ACTIVE)
const crypto = provider(clientOptions.crypto!)
const { config, seat, signer, verifyIdentity } = clientOptions
const input = clientOptions.input as readonly Uint16Array[]
const shared = {
  crypto: optional(crypto),
  save: optional(async () => undefined),
  signal: optional(whole(new AbortController().signal)),
  onProgress: optional(() => undefined),
  onEvent: optional(() => undefined),
}
const ofClient = {
  config: whole(config),
  input: orFunction(input),
  splitSecret: optional(async () => []),
  maskExecutor: optional(async () => undefined),
  signer: { ...signer },
  verifyIdentity,
  ...shared,
}
const ofServer = {
  config: whole(config),
  verifyIdentity,
  maximumUploads: optional(3),
  plane: optional(whole(root.localPlane())),
  ...shared,
}
const stored = async (session: (save: root.SaveSession) => Promise<unknown>): Promise<Uint8Array> => {
  let saved = new Uint8Array(0)
  await session(async (bytes) => {
    saved = Uint8Array.from(bytes)
  })
  return saved
}
const savedClient = await stored((save) => new root.ClientSession({ ...clientOptions, save }).start())
const savedServer = await stored((save) => new root.ServerSession({ ...serverOptions, save }).checkpoint())

const newClient = async (...args: unknown[]): Promise<Example> => ({ on: (await newSessions()).client, args })
const newServer = async (...args: unknown[]): Promise<Example> => ({ on: (await newSessions()).server, args })

/** After the first message of every client. */
async function published(): Promise<{
  client: root.ClientSession
  server: root.ServerSession
  message: Uint8Array
}> {
  const { client, server, others } = await newSessions()
  for (const [at, session] of [client, ...others].entries()) await server.receive(at, await session.start())
  await server.closePhase()
  return { client, server, message: server.messageFor(0)! }
}

const examples: Examples = {
  createRoundConfig,
  inspectMessage,
  minimumThreshold,
  ...identities(clientOptions.crypto!),
  defaultCrypto: () => ({ args: [optional('aes')] }),
  ...providerExamples('defaultCrypto', await root.defaultCrypto()),
  readOutcome: () => ({
    args: [
      {
        sum: input,
        configHash: config.hash,
        report: { survivors: [0, 1, 2, 3] },
      },
      whole(config),
    ],
  }),
  localPlane: () => ({
    args: [
      optional({
        maskExecutor: optional(async () => undefined),
        sliceStore: optional({
          put: () => undefined,
          get: () => new Uint8Array(0),
          discard: () => undefined,
        }),
      }),
    ],
  }),
  roundInput: () => ({ args: [whole(config), orFunction(input)] }),
  chooseParameters: () => ({
    args: [
      {
        clients: 100,
        dropoutFraction: 0.1,
        corruptFraction: 0.1,
        adversary: 'honest-but-curious',
        statisticalSecurity: optional(40),
        correctness: optional(20),
      },
    ],
  }),
  checkNeighborhood: () => ({
    args: [
      {
        clients: 100,
        dropoutFraction: 0.1,
        corruptFraction: 0.1,
        adversary: 'honest-but-curious',
        statisticalSecurity: optional(40),
        neighbors: 60,
        threshold: 30,
      },
    ],
  }),
  // If an error could not be created, its message would be lost.
  SecAggError: () => ({
    args: [orAnything('internal'), orAnything('internal'), orAnything('text'), orAnything({})],
  }),
  'SecAggError#toJSON': () => ({ on: new root.SecAggError('internal', 'internal', 'text'), args: [] }),

  ClientSession: () => ({
    args: [{ ...ofClient, seat, minimumSurvivors: optional(4), claimSession: optional(() => true) }],
  }),
  'ClientSession.resume': () => ({ args: [savedClient, ofClient] }),
  'ClientSession#start': () => newClient(),
  'ClientSession#resend': async () => {
    const { client } = await newSessions()
    await client.start()
    return { on: client, args: [] }
  },
  'ClientSession#receive': async () => {
    const { client, message } = await published()
    return { on: client, args: [said(message)] }
  },
  'ClientSession#wipe': () => newClient(),
  'ClientSession#slices': () => newClient(optional(1)),

  ServerSession: () => ({ args: [ofServer] }),
  'ServerSession.resume': () => ({ args: [savedServer, ofServer] }),
  'ServerSession#messageFor': async () => ({ on: (await published()).server, args: [0] }),
  'ServerSession#receive': async () => {
    const { client } = await newSessions()
    return newServer(0, await client.start())
  },
  'ServerSession#uploadFor': () => newServer(0),
  'ServerSession#abandon': () => newServer(optional({ resumable: optional(true) })),
  'ServerSession#discardUpload': () => newServer(0),
  'ServerSession#checkpoint': () => ({
    on: new root.ServerSession({ ...serverOptions, save: async () => undefined }),
    args: [],
  }),
  'ServerSession#closePhase': async () => {
    const { client, server, others } = await newSessions()
    for (const [at, session] of [client, ...others].entries()) await server.receive(at, await session.start())
    return { on: server, args: [] }
  },
}

testArguments(root, examples)
