import * as crypto from 'secagg/crypto'
import { optional } from './examples.js'
import { providerExamples } from './provider-examples.js'
import { testArguments } from './surface.js'

const isNode = crypto.nodeCrypto() !== undefined

testArguments(crypto, {
  defaultCrypto: () => ({ args: [optional('aes')] }),
  nobleCrypto: () => ({ args: [] }),
  nodeCrypto: () => ({ args: [optional({ privateKeysAsText: optional(true) })] }),
  webCrypto: () => ({ args: [] }),
  ...providerExamples('defaultCrypto', await crypto.defaultCrypto()),
  ...providerExamples('nobleCrypto', crypto.nobleCrypto()),
  ...(isNode ? providerExamples('nodeCrypto', crypto.nodeCrypto()!) : {}),
  ...providerExamples('webCrypto', (await crypto.webCrypto())!),
})
