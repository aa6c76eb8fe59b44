import { defaultCrypto } from 'secagg'
import * as simulate from 'secagg/simulate'
import { executeMaskPlan } from 'secagg/vector'
import { type Examples, optionalBut, whole } from './examples.js'
import { provider } from './root-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()

const examples: Examples = {
  simulate: () => ({
    args: [
      optionalBut(['clients', 'length', 'bits'], {
        clients: 4,
        length: 70,
        bits: 16,
        valueBits: 8,
        sliceLength: 64,
        maskExecutor: executeMaskPlan,
        neighbors: 2,
        threshold: 2,
        adversary: 'honest-but-curious',
        suite: 'aes',
        drops: [{ phase: 'unmasking', count: 0 }],
        seed: 3,
        crypto: provider(crypto),
        signal: whole(new AbortController().signal),
        onProgress: () => undefined,
      }),
    ],
  }),
}

testArguments(simulate, examples)
