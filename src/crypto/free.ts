import { isArrayBuffer } from './bytes.js'

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
