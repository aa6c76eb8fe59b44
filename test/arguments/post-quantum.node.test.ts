import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { defaultCrypto, type KeyEncapsulation } from 'secagg/crypto'
import * as postQuantum from 'secagg/post-quantum'
import { type Examples, optional, optionalBut } from './examples.js'
import { providerExamples } from './provider-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()
const hybrid = await postQuantum.withPostQuantum(crypto)
const found = {
  nodeMlKem768: await postQuantum.nodeMlKem768(),
  webMlKem768: await postQuantum.webMlKem768(),
  nobleMlKem768: await postQuantum.nobleMlKem768(),
}

const functions: postQuantum.MlKemFunctions = {
  keygen: ml_kem768.keygen,
  encapsulate: (publicKey) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey)
    return { ciphertext: cipherText, sharedSecret }
  },
  decapsulate: ml_kem768.decapsulate,
}

function kemExamples(path: string, kem: KeyEncapsulation): Examples {
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(9)
  return {
    [`${path}.publicKey`]: () => ({ on: kem, args: [bytes(64)] }),
    [`${path}.encapsulate`]: () => ({ on: kem, args: [[new Uint8Array(1184)]] }),
    [`${path}.decapsulate`]: () => ({ on: kem, args: [bytes(64), [bytes(1088)]] }),
  }
}

testArguments(postQuantum, {
  withPostQuantum: () => ({
    args: [
      { ...crypto, suites: optionalBut([], crypto.suites) },
      optional(optionalBut([], { mlKem768: found.nobleMlKem768 })),
    ],
  }),
  ...providerExamples('withPostQuantum', hybrid),
  ...kemExamples('withPostQuantum().mlKem768', hybrid.mlKem768),
  customMlKem768: () => ({ args: [functions] }),
  ...kemExamples('customMlKem768()', await postQuantum.customMlKem768(functions)),
  nodeMlKem768: () => ({ args: [] }),
  webMlKem768: () => ({ args: [] }),
  nobleMlKem768: () => ({ args: [] }),
  ...Object.assign(
    {},
    ...Object.entries(found).map(([name, kem]) => (kem === undefined ? {} : kemExamples(`${name}()`, kem))),
  ),
})
