import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { createMLKEM768 } from '@oqs/liboqs-js/kem'
import type { MlKemFunctions } from 'secagg/post-quantum'

const kem = await createMLKEM768()

/** ML-KEM-768 of liboqs in WebAssembly. It cannot make keys from a seed, so these come from the noble package. */
export const liboqs: MlKemFunctions = {
  keygen: ml_kem768.keygen,
  encapsulate: (publicKey) => kem.encapsulate(publicKey),
  decapsulate: (ciphertext, secretKey) => kem.decapsulate(ciphertext, secretKey),
}
