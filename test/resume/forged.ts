import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '../../src/crypto/bytes.js'
import { fingerprint } from '../../src/vector/index.js'

/** Version, kind and configuration hash, and SHA-256 at the end. */
const [HEADER, CHECKSUM] = [34, 32]
const FINGERPRINT = 72

type Change = (body: Uint8Array) => Uint8Array

/** A saved form whose body somebody has changed who knows how to make the checksum. */
function resealed(form: Uint8Array, change: Change): Uint8Array {
  const content = concatBytes(form.subarray(0, HEADER), change(form.slice(HEADER, -CHECKSUM)))
  return concatBytes(content, sha256(content))
}

function withLength(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length, true)
  return concatBytes(length, bytes)
}

function cutAt(bytes: Uint8Array): [part: Uint8Array, rest: Uint8Array] {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  return [bytes.slice(4, end), bytes.slice(end)]
}

/** A client's session in which the state is another one. */
export function forgedClient(form: Uint8Array, change: Change): Uint8Array {
  return resealed(form, (body) => {
    const [state, rest] = cutAt(body)
    return concatBytes(withLength(resealed(state, change)), rest)
  })
}

/** A server's session in which one of the parts is another one; the fingerprints fit. */
export function forgedServer(form: Uint8Array, part: 'books' | 'state' | 'sum', change: Change): Uint8Array {
  const [books, afterBooks] = cutAt(form)
  const [state, sum] = cutAt(afterBooks)
  const forgedState = part === 'state' ? resealed(state, change) : state
  const forgedSum = part === 'sum' ? change(sum) : sum
  const forgedBooks = resealed(books, (body) => {
    const written = body.slice(0, -2 * FINGERPRINT)
    return concatBytes(
      part === 'books' ? change(written) : written,
      fingerprint(forgedState),
      fingerprint(forgedSum),
    )
  })
  return concatBytes(withLength(forgedBooks), withLength(forgedState), forgedSum)
}
