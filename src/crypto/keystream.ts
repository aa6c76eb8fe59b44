import { requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import { isArrayBuffer, LONGEST_AT_ONCE } from './bytes.js'
import type { Keystream } from './provider.js'

/** Pieces begin at multiples of this many bytes: one ChaCha20 block, or four AES blocks. */
const UNIT = 64

/**
 * The maximum number of bytes that a provider makes in one native call; a longer piece is assembled from several calls. A
 * larger result can cost several times as much per byte, because engines map new memory for each result of that size.
 */
export const PIECE_LENGTH: number = 256 * 1024

/** How a stream cipher counts its blocks. */
export interface CounterMode {
  /** The number of bytes of keystream that may be read. */
  readonly end: number
  /** The 16-byte counter block at which the keystream starts at byte `offset`, a multiple of 64. */
  block(offset: number): Uint8Array<ArrayBuffer>
}

/**
 * AES-CTR with the block number as a 128-bit big-endian integer (NIST SP 800-38A, appendix B). The keystream ends where
 * JavaScript's exact integers end, long before the counter does.
 */
export const AES_CTR: CounterMode = {
  end: Number.MAX_SAFE_INTEGER,
  block(offset) {
    const block = new Uint8Array(16)
    // Nearly all keystreams are read from their beginning.
    if (offset > 0) new DataView(block.buffer).setBigUint64(8, BigInt(offset / 16))
    return block
  },
}

/**
 * ChaCha20 in OpenSSL's format: the 32-bit little-endian block number, then the nonce (RFC 8439, section 2.3), which is zero
 * here. At the end OpenSSL would carry into the nonce, and noble stops one block early. So no provider uses the last block.
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
 * A keystream that begins at byte `offset`. `produce` makes `length` bytes from byte `position` on, and is called in order.
 * @throws {SecAggError} `invalid-argument` for a wrong `offset`. `next` throws it for a wrong `length`, and after a piece
 *   whose length was not a multiple of 64 bytes.
 */
export function readForward(
  mode: CounterMode,
  offset: number,
  produce: (position: number, length: number) => Uint8Array | Promise<Uint8Array>,
): Keystream {
  requireInteger('the offset into a keystream', offset, 0, mode.end)
  if (offset % UNIT !== 0) {
    throw usageError(
      'invalid-argument',
      `the offset into a keystream must be a multiple of ${UNIT}, not ${offset}`,
    )
  }
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
          `every piece of keystream except the last must be a multiple of ${UNIT} bytes`,
        )
      }
      const from = position
      position += length
      return produce(from, length)
    },
  }
}

/** A piece of any length, assembled from pieces of at most {@link PIECE_LENGTH} bytes. */
export async function pieceOf(
  produce: (position: number, length: number) => Promise<Uint8Array>,
  discard: (piece: Uint8Array) => void,
  position: number,
  length: number,
): Promise<Uint8Array> {
  if (length <= PIECE_LENGTH) return produce(position, length)
  const whole = new Uint8Array(length)
  for (let from = 0; from < length; from += PIECE_LENGTH) {
    const piece = await produce(position + from, Math.min(PIECE_LENGTH, length - from))
    whole.set(piece, from)
    discard(piece)
  }
  return whole
}

/** Newer engines can move the contents of a buffer into one of another length. A length of 0 frees the memory. */
interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer
}

/**
 * A function that frees the memory of an array at once, if the array owns its whole buffer. The array is empty afterwards.
 * Memory that has to wait for the garbage collector is no longer in the cache when it is used again.
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
    try {
      if (closed === undefined) {
        closed = new MessageChannel().port1
        closed.close()
      }
      // The message takes over the memory, and a closed port drops the message.
      closed.postMessage(null, [buffer])
    } catch {
      // There are no channels, or they only throw, as in the edge runtime of Next.js: the garbage collector frees the memory.
    }
  }
}
