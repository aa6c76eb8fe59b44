import { type Bytes, createBytes, isBytes, joinBytes, wipeAll } from '../crypto/bytes.js'

/** Longer arrays are not copied before they are joined. */
const SHORT = 256
const SMALLEST_CHUNK = 64
const LARGEST_CHUNK = 4096
const NOTHING = new Uint8Array(0)

/** Collects the parts of an encoding, in order. */
export class Writer {
  #parts: Uint8Array[] = []
  /** Where numbers and short arrays are put. */
  readonly #chunks: Uint8Array[] = []
  #chunk: Uint8Array<ArrayBuffer> = NOTHING
  /** A view of the chunk. It is made for the first number, because most messages have none. */
  #view: DataView | undefined
  /** The bytes of the chunk from `#from` to `#to` are not yet a part. */
  #from = 0
  #to = 0

  /** Appends these bytes. They must not change before the end. */
  bytes(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new TypeError('a value to encode must be a Uint8Array')
    if (bytes.length > SHORT) {
      this.#close()
      this.#parts.push(bytes)
      return
    }
    const at = this.#place(bytes.length)
    this.#chunk.set(bytes, at)
  }

  /** Appends `length` bytes, at most 8, that `put` sets in the view from the offset on. */
  number(length: number, put: (view: DataView, at: number) => void): void {
    const at = this.#place(length)
    this.#view ??= new DataView(this.#chunk.buffer)
    put(this.#view, at)
  }

  /** All bytes in one array. What was copied on the way is overwritten, because it can be secret. */
  end(): Bytes {
    this.#close()
    const bytes = joinBytes(this.#parts)
    wipeAll(this.#chunks)
    this.#parts = []
    return bytes
  }

  #place(length: number): number {
    if (this.#chunk.length - this.#to < length) {
      this.#close()
      const next = Math.min(8 * this.#chunk.length, LARGEST_CHUNK)
      this.#chunk = createBytes(Math.max(next, length, SMALLEST_CHUNK))
      this.#chunks.push(this.#chunk)
      this.#view = undefined
      this.#from = this.#to = 0
    }
    const at = this.#to
    this.#to += length
    return at
  }

  #close(): void {
    if (this.#to > this.#from) this.#parts.push(this.#chunk.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
}

/** Reads an encoding from its beginning to its end. Every method throws if there are too few bytes. */
export class Reader {
  readonly #bytes: Uint8Array
  /** Made for the first number, because most messages have none. */
  #view: DataView | undefined
  #at = 0

  constructor(bytes: Uint8Array) {
    if (!isBytes(bytes)) throw new TypeError('an encoding must be a Uint8Array')
    this.#bytes = bytes
  }

  /** How many bytes are not yet read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next bytes, as a view of the encoding. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** What `get` finds in the view from the offset on, which the next `length` bytes follow. */
  number<T>(length: number, get: (view: DataView, at: number) => T): T {
    const { buffer, byteOffset, length: whole } = this.#bytes
    this.#view ??= new DataView(buffer, byteOffset, whole)
    return get(this.#view, this.#take(length))
  }

  /** Throws if there are bytes left, so that no two encodings have the same value. */
  end(): void {
    if (this.left > 0) throw new RangeError('an encoding is too long')
  }

  #take(length: number): number {
    if (length > this.left) throw new RangeError('an encoding is too short')
    const at = this.#at
    this.#at += length
    return at
  }
}
