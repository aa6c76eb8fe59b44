import { requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import { isArrayBuffer, LONGEST_AT_ONCE } from './bytes.js'
import type { Keystream } from './provider.js'

/** Pieces are cut here: a ChaCha20 block, four AES blocks. */
const UNIT = 64

/**
 * The most a provider makes in one native call; longer pieces are put together from several. Larger results can cost
 * several times as much per byte, as engines map memory of that size anew for each.
 */
export const PIECE_LENGTH: number = 256 * 1024

/** How a stream cipher counts. */
export interface CounterMode {
  /** The keystream is read up to this byte. */
  readonly end: number
  /** The 16 bytes that start it at byte `offset`, a multiple of 64. */
  block(offset: number): Uint8Array<ArrayBuffer>
}

/**
 * AES-CTR with the block number as a 128-bit big-endian integer (NIST SP 800-38A, appendix B). What ends first is
 * the numbers that JavaScript holds exactly.
 */
export const AES_CTR: CounterMode = {
  end: Number.MAX_SAFE_INTEGER,
  block(offset) {
    const block = new Uint8Array(16)
    new DataView(block.buffer).setBigUint64(8, BigInt(offset / 16))
    return block
  },
}

/**
 * ChaCha20 as OpenSSL takes it: the 32-bit little-endian block number and the nonce (RFC 8439, section 2.3), here
 * zero. OpenSSL would carry into the nonce and noble stops one block early, so the last block is left out for all.
 */
export const CHACHA20: CounterMode = {
  end: (2 ** 32 - 1) * UNIT,
  block(offset) {
    const block = new Uint8Array(16)
    new DataView(block.buffer).setUint32(0, offset / UNIT, true)
    return block
  },
}

/**
 * A keystream on top of `produce`, which makes `length` bytes from byte `position` on and is asked for them in order.
 * @throws {SecAggError} `invalid-argument`, here for a wrong `offset`, and in `next` for a wrong `length` or after a
 *   piece that was not a multiple of 64 bytes.
 */
export function readForward(
  mode: CounterMode,
  offset: number,
  produce: (position: number, length: number) => Uint8Array | Promise<Uint8Array>,
): Keystream {
  requireInteger('the offset into a keystream', offset, 0, mode.end)
  if (offset % UNIT !== 0) throw usageError('invalid-argument', `offset ${offset} is no multiple of ${UNIT}`)
  let position = offset
  return {
    next(length) {
      requireInteger(
        'the length of a piece of keystream',
        length,
        0,
        Math.min(LONGEST_AT_ONCE, mode.end - position),
      )
      if (position % UNIT !== 0) {
        throw usageError(
          'invalid-argument',
          `only the last piece may be other than a multiple of ${UNIT} bytes`,
        )
      }
      const from = position
      position += length
      return produce(from, length)
    },
  }
}

/** What newer engines have: moves the contents into a buffer of another length; 0 frees them. */
interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer
}

/**
 * A function that gives the memory of an array back at once, if the array owns all of its buffer; the array is then
 * empty. Memory that waits for a garbage collector instead is cold when it is used again.
 */
export function memoryReleaser(): (bytes: Uint8Array) => void {
  let closed: MessagePort | undefined
  return ({ buffer, byteLength }) => {
    if (!isArrayBuffer(buffer) || buffer.byteLength !== byteLength) return
    const { transfer } = buffer as Transferable
    if (transfer !== undefined) {
      transfer.call(buffer, 0)
      return
    }
    if (typeof MessageChannel === 'undefined') return
    if (closed === undefined) {
      closed = new MessageChannel().port1
      closed.close()
    }
    // Ownership goes with the message, and a closed port drops it.
    closed.postMessage(null, [buffer])
  }
}
