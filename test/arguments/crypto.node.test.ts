import * as crypto from 'secagg/crypto'
import { optional, optionalBut } from './examples.js'
import { providerExamples } from './provider-examples.js'
import { testArguments } from './surface.js'

/** A provider may lack suites. */
const provider = (): crypto.OwnProvider => ({
  ...crypto.nobleCrypto(),
  suites: optionalBut([], crypto.nobleCrypto().suites),
})

const isNode = crypto.nodeCrypto() !== undefined

testArguments(crypto, {
  defaultCrypto: () => ({ args: [optional('aes'), optional({ fallback: optional(provider()) })] }),
  nobleCrypto: () => ({ args: [] }),
  nodeCrypto: () => ({ args: [optional({ privateKeysAsText: optional(true) })] }),
  webCrypto: () => ({ args: [optional({ fallback: optional(provider()) })] }),
  withNodeFfi: () => ({
    args: [provider()],
  }),
  ...providerExamples('defaultCrypto', await crypto.defaultCrypto()),
  ...providerExamples('nobleCrypto', crypto.nobleCrypto()),
  ...(isNode ? providerExamples('nodeCrypto', crypto.nodeCrypto()!) : {}),
  ...providerExamples('withNodeFfi', crypto.withNodeFfi(crypto.nobleCrypto())),
  ...providerExamples('webCrypto', (await crypto.webCrypto())!),
})
