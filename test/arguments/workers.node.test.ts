import { defaultCrypto } from 'secagg'
import { createVector } from 'secagg/vector'
import * as workers from 'secagg/workers'
import { type Example, type Examples, optional, whole } from './examples.js'
import { providerExamples } from './provider-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()
const suite = crypto.suites.aes!
const segments = [{ length: 8, bits: 8 }]
const plan = [{ seed: new Uint8Array(16).fill(5), sign: 1 }]
const pool = await workers.createMaskPool({ workers: 0 })
const spawn = (): never => {
  throw new Error('no worker here')
}

const examples: Examples = {
  createMaskPool: () => ({ args: [optional({ workers: optional(0), spawn: optional(spawn) })] }),
  'createMaskPool().execute': (): Example => ({
    on: pool,
    args: [
      createVector(segments),
      segments,
      plan,
      whole(suite),
      optional({
        range: optional({ from: 0, to: 8 }),
        signal: optional(whole(new AbortController().signal)),
        onProgress: optional(() => undefined),
      }),
    ],
  }),
  'createMaskPool().plane': () => ({
    on: pool,
    args: [
      optional({
        sliceStore: optional({
          put: () => undefined,
          get: () => new Uint8Array(0),
          discard: () => undefined,
        }),
      }),
    ],
  }),
  'createMaskPool().crypto': () => ({ on: pool, args: [whole(crypto)] }),
  ...providerExamples('createMaskPool().crypto', pool.crypto(crypto)),
  'createMaskPool().close': () => ({ on: pool, args: [] }),
}

testArguments(workers, examples)
