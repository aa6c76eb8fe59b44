import type * as library from 'secagg'
import type * as federated from 'secagg/federated'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type UnbundledRealm, unbundledRealm } from '../support/unbundled.js'

type Api = typeof library & typeof federated

/** A realm that has nothing of a host but randomness; `TextEncoder` is what the engines Hermes and that of jsdom lack. */
function bareRealm(): UnbundledRealm {
  const getRandomValues = (view: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(view)
  return unbundledRealm({ crypto: { getRandomValues } })
}

/** The source file of an entry, without `src` and the extension. */
function fileOf(target: unknown): string {
  const path = typeof target === 'object' && target !== null && 'default' in target ? target.default : target
  return typeof path === 'string' ? path.replace(/^\.\/dist\/|\.js$/g, '') : fileOf(path)
}

test('every module of the package loads in an engine without TextEncoder, no bundler having been over it', () => {
  const { load, run } = bareRealm()
  for (const name of [
    'TextEncoder',
    'TextDecoder',
    'setTimeout',
    'AbortController',
    'structuredClone',
    'URL',
  ]) {
    expect(run(`typeof ${name}`), name).toBe('undefined')
  }
  const modules = Object.entries(manifest.exports)
    // The file of a worker runs only where there are workers.
    .filter(([path]) => !['./package.json', './workers/worker', './kernels.wasm'].includes(path))
    .map(([, target]) => fileOf(target))
  expect(modules.length).toBeGreaterThanOrEqual(12)
  for (const path of modules) {
    const names = Object.keys(load(path))
    expect(names.length, path).toBeGreaterThan(0)
  }
})

/** A round of federated averaging in the active model; its source runs in the other realm and refers to nothing outside. */
async function exercise(api: Api, sessionId: Uint8Array): Promise<string> {
  const plan = api.planRound({
    tensors: { kernel: [2, 2], bias: [2] },
    clients: 4,
    adversary: 'active',
    dropoutFraction: 0.25,
    corruptFraction: 0,
    clip: 1,
    maximumWeight: 10,
    rounding: 'nearest',
  })
  const { ed25519, randomBytes } = await api.defaultCrypto()
  const keys = [0, 1, 2, 3].map(() => randomBytes(32))
  const identities = await Promise.all(keys.map((key) => ed25519.publicKey(key)))
  const verifyIdentity = api.ed25519Verifier((seat) => identities[seat], ed25519)
  const round = api.openRound(api.checkPlan(plan, { minimumCohort: 3, corruptFraction: 0 }), { sessionId })
  const { config } = round
  const clients = keys.map((key, seat) => {
    const kernel = { shape: [2, 2], data: Float32Array.of(0.5, -0.5, seat / 4, 1) }
    const bias = { shape: [2], data: Float32Array.of(0, 1) }
    const { input } = api.encodeUpdate({ kernel, bias }, seat + 1, round)
    return new api.ClientSession({
      config,
      seat,
      input,
      signer: api.ed25519Signer(key, ed25519),
      verifyIdentity,
    })
  })
  const server = new api.ServerSession({ config, verifyIdentity })
  for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      if (outcome.phase === 'masked-input' && seat === 3) continue
      await server.receive(seat, await clients[seat]!.receive(bytes))
    }
    outcome = await server.closePhase()
  }
  const { tensors, totalWeight, survivors } = api.decodeOutcome(outcome, round)
  const values = Array.from(tensors.kernel!.data, (value) => value.toFixed(3))
  return JSON.stringify({ values, totalWeight, survivors })
}

test('and a round runs there', async () => {
  const { load, run } = bareRealm()
  const api = { ...load('index'), ...load('federated/index') }
  const there = run(`(${exercise.toString()})`) as typeof exercise
  expect(JSON.parse(await there(api as Api, new Uint8Array(32).fill(7)))).toEqual({
    values: ['0.500', '-0.500', '0.333', '1.000'],
    totalWeight: 6,
    survivors: [0, 1, 2],
  })
})
