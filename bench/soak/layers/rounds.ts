import { randomBytes } from 'node:crypto'
import {
  ClientSession,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  type PhaseOutcome,
  type RoundConfig,
  ServerSession,
} from 'secagg'
import { simulate } from 'secagg/simulate'
import {
  type Connection,
  connectionPair,
  messagePortConnection,
  runClient,
  serveRound,
} from 'secagg/transport'
import { type Layer, noteAll, providerMadeAnew } from './layer.js'

const SEATS = [0, 1, 2, 3]
/** Vanishes before its vector is there. */
const GONE = 3

const curious = (sliceLength?: number): RoundConfig =>
  createRoundConfig({
    sessionId: randomBytes(32),
    clients: SEATS.length,
    adversary: 'honest-but-curious',
    segments: [{ length: 200, bits: 16, bound: 'modular' }],
    sliceLength,
  })

/** The active model, in slices, with everything stored and resumed, and all under one signal. */
export const sessionRounds: Layer = async () => {
  const { signal } = new AbortController()
  const shared = await providerMadeAnew()
  return {
    run: async (round, note) => {
      // In turn, so that what is kept by whoever lives on is found as well.
      const crypto = round % 2 === 0 ? await providerMadeAnew() : shared
      if (crypto !== shared) note('crypto', crypto)
      const { ed25519 } = crypto
      const keys = SEATS.map(() => randomBytes(32))
      const identities = await Promise.all(keys.map((key) => ed25519.publicKey(key)))
      const verifyIdentity = ed25519Verifier((seat) => identities[seat], ed25519)
      const config = createRoundConfig({
        sessionId: randomBytes(32),
        clients: SEATS.length,
        adversary: 'active',
        segments: [{ length: 200, bits: 16, bound: 'modular' }],
        sliceLength: 64,
      })
      let stored: Uint8Array = new Uint8Array(0)
      const save = (bytes: Uint8Array): void => {
        stored = bytes
      }
      const clients = keys.map((key, seat) => {
        const input = new Uint16Array(200).fill(seat)
        const signer = ed25519Signer(key, ed25519)
        return new ClientSession({
          config,
          seat,
          input,
          crypto,
          signer,
          verifyIdentity,
          signal,
          save: () => {},
        })
      })
      const options = { config, crypto, verifyIdentity, signal, save }
      const first = new ServerSession(options)
      for (const [seat, client] of clients.entries()) await first.receive(seat, await client.start())
      let outcome: PhaseOutcome = await first.closePhase()
      const server = await ServerSession.resume(stored, options)
      while (!outcome.done) {
        for (const [seat, bytes] of outcome.messages) {
          if (outcome.phase === 'masked-input' && seat === GONE) continue
          await server.receive(seat, await clients[seat]!.receive(bytes))
          for await (const slice of clients[seat]!.slices()) await server.receive(seat, slice)
        }
        outcome = await server.closePhase()
      }
      for (const client of clients) await client.wipe()
      noteAll(note, {
        config,
        verifyIdentity,
        first,
        server,
        outcome,
        client: clients[0]!,
        gone: clients[GONE]!,
      })
    },
  }
}

function portPair(): readonly [Connection, Connection] {
  const { port1, port2 } = new MessageChannel()
  return [messagePortConnection(port1), messagePortConnection(port2)]
}

/** Both drivers under one signal, over ports in one round and pairs in the next. */
export const transportRounds: Layer = () => {
  const { signal } = new AbortController()
  return {
    run: async (round, note) => {
      const crypto = await providerMadeAnew()
      const config = curious(64)
      const served = serveRound({ config, crypto, signal, farewell: 0 })
      const results = SEATS.map((seat) => {
        const input = new Uint16Array(200).fill(seat)
        const connect = () => {
          const [near, far] = round % 2 === 0 ? connectionPair() : portPair()
          served.connect(seat, far)
          noteAll(note, { near, far })
          return near
        }
        return runClient(connect, { config, seat, input, crypto, signal })
      })
      const outcome = await served.outcome
      await Promise.all(results)
      await served.closed
      noteAll(note, { crypto, config, served, outcome })
    },
  }
}

export const simulatedRounds: Layer = () => ({
  run: async (round, note) => {
    const crypto = await providerMadeAnew()
    const result = await simulate({ clients: 6, length: 50, bits: 16, seed: round, crypto })
    noteAll(note, { crypto, result })
  },
})
