import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { createMLKEM768 } from '@oqs/liboqs-js/kem'
import { customMlKem768, type KeyEncapsulation, nodeMlKem768 } from 'secagg/post-quantum'

const liboqs = await createMLKEM768()

/** ML-KEM-768 of liboqs in WebAssembly. It cannot make keys from a seed, so these come from the noble package. */
export const wasmMlKem768: KeyEncapsulation = await customMlKem768({
  keygen: ml_kem768.keygen,
  encapsulate: (publicKey) => liboqs.encapsulate(publicKey),
  decapsulate: (ciphertext, secretKey) => liboqs.decapsulate(ciphertext, secretKey),
})

/** What to pass to `withPostQuantum`: Node's own functions, which are faster still, if it has them. */
export const mlKem768: KeyEncapsulation = (await nodeMlKem768()) ?? wasmMlKem768
