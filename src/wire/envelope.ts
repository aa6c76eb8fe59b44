import * as P from '../codec/codec.js'
import { type Bytes, createBytes, requireBytes } from '../crypto/bytes.js'
import { type Fault, type PhaseName, SecAggError } from '../errors.js'
import { writeOwn } from './coders.js'

/** The version of the protocol: of messages, encodings, labels and key derivations. Every message begins with it. */
export const PROTOCOL_VERSION = 2

/** The second byte of every message. */
const MESSAGE_TYPES = {
  advertiseKeys: 1,
  publishedKeys: 2,
  shareKeys: 3,
  forwardedShares: 4,
  maskedInput: 5,
  survivors: 6,
  consistencyCheck: 7,
  consistencySignatures: 8,
  unmasking: 9,
  maskedSlice: 10,
  livingOwners: 11,
  acknowledgements: 12,
  collectedAcknowledgements: 13,
  complaint: 14,
} as const satisfies Readonly<Record<MessageType, number>>

/**
 * The types of messages.
 * @public
 */
export type MessageType =
  // From a client to the server.
  | 'advertiseKeys'
  | 'shareKeys'
  | 'maskedInput'
  | 'maskedSlice'
  | 'complaint'
  | 'acknowledgements'
  | 'consistencyCheck'
  | 'unmasking'
  // From the server to a client.
  | 'publishedKeys'
  | 'forwardedShares'
  | 'livingOwners'
  | 'collectedAcknowledgements'
  | 'survivors'
  | 'consistencySignatures'

/** Codes a message type as its number. */
export const messageTypeCoder: P.Coder<MessageType> = P.oneOf(P.U8, MESSAGE_TYPES) as P.Coder<MessageType>

/** The type of each number. */
const TYPES: readonly (MessageType | undefined)[] = Object.entries(MESSAGE_TYPES).reduce(
  (types: MessageType[], [type, number]) => {
    types[number] = type as MessageType
    return types
  },
  [],
)

/** The header of a message of each type, by number. */
const HEADERS: readonly Uint8Array[] = TYPES.map((_, number) => Uint8Array.of(PROTOCOL_VERSION, number))

/** The bytes before a message's body: version and type. */
export const HEADER_LENGTH = 2

/** The bytes before the packed elements of a slice: version, type and the number of the slice. */
export const SLICE_HEADER_LENGTH: number = HEADER_LENGTH + 4

/** Who sent a message and in which phase. An error about the message states this. */
export interface Origin {
  readonly fault: Fault
  readonly phase: PhaseName
  readonly culprits: readonly number[]
}

/** Writes a message: the header, then the body, encoded by `coder`. */
export function encodeMessage<T>(type: MessageType, coder: P.Coder<T>, message: T): Bytes {
  return writeOwn((writer) => {
    writer.bytes(HEADERS[MESSAGE_TYPES[type]]!)
    coder.encodeTo(writer, message)
  })
}

/**
 * Reads a message of the expected type. The whole message must be valid, up to its last byte. The result shares no memory
 * with `bytes`.
 *
 * @throws {SecAggError} `unsupported-version`, `unexpected-message`, or `malformed-message`.
 */
export function decodeMessage<T>(type: MessageType, coder: P.Coder<T>, bytes: Uint8Array, origin: Origin): T {
  checkHeader(type, bytes, origin)
  // Not `slice`, because a slice of a Node Buffer shares its memory.
  return viewMessage(type, coder, new Uint8Array(bytes), origin)
}

/** Like {@link decodeMessage}, but arrays of bytes in the result are views of the message. */
export function viewMessage<T>(type: MessageType, coder: P.Coder<T>, bytes: Uint8Array, origin: Origin): T {
  checkHeader(type, bytes, origin)
  try {
    return coder.decode(bytes.subarray(HEADER_LENGTH))
  } catch {
    throw new SecAggError('malformed-message', origin.fault, `a message of type ${type} is malformed`, origin)
  }
}

/**
 * The first `length` bytes of the body of a message of the expected type; `undefined` if the body is shorter. The rest of the
 * body is not checked.
 *
 * @throws {SecAggError} `unsupported-version` or `unexpected-message`; `malformed-message` without a header.
 */
export function beginningOf(
  type: MessageType,
  bytes: Uint8Array,
  length: number,
  origin: Origin,
): Uint8Array | undefined {
  checkHeader(type, bytes, origin)
  const end = HEADER_LENGTH + length
  return bytes.length < end ? undefined : bytes.subarray(HEADER_LENGTH, end)
}

/** A message whose content is still to be written, so that a packed vector is never copied. */
export interface OpenMessage {
  readonly message: Bytes
  /** The bytes of the message after its header: zeros. */
  readonly content: Bytes
}

/** A message of a type without a number of a slice, with `length` bytes for its body. */
export function createMessage(type: MessageType, length: number): OpenMessage {
  return openMessage(HEADERS[MESSAGE_TYPES[type]]!, length)
}

function openMessage(header: Uint8Array, length: number): OpenMessage {
  const message = createBytes(header.length + length)
  message.set(header)
  return { message, content: message.subarray(header.length) }
}

/** The packed vector of a masked input, as a view of `bytes`. The vector core checks it. */
export function decodeMaskedInput(bytes: Uint8Array, origin: Origin): Uint8Array {
  checkHeader('maskedInput', bytes, origin)
  return bytes.subarray(HEADER_LENGTH)
}

/** A slice of a masked input, with `length` bytes for its part of the packed vector. */
export function createMaskedSlice(slice: number, length: number): OpenMessage {
  const header = Uint8Array.of(PROTOCOL_VERSION, MESSAGE_TYPES.maskedSlice, 0, 0, 0, 0)
  new DataView(header.buffer).setUint32(HEADER_LENGTH, slice, true)
  return openMessage(header, length)
}

/**
 * The number of a slice, which must be below `slices`, and its part of the packed vector, as a view of `bytes`. The vector
 * core checks that part.
 */
export function decodeMaskedSlice(
  bytes: Uint8Array,
  slices: number,
  origin: Origin,
): { readonly slice: number; readonly packed: Uint8Array } {
  checkHeader('maskedSlice', bytes, origin)
  const { part: slice, content: packed } = openEnvelope(bytes) ?? { part: slices, content: bytes }
  if (slice >= slices) {
    throw new SecAggError(
      'malformed-message',
      origin.fault,
      `the number of a slice must be below ${slices}`,
      {
        ...origin,
        expected: `below ${slices}`,
        got: packed === bytes ? 'none' : slice,
      },
    )
  }
  return { slice, packed }
}

/** The parts of a message, which needs a valid header only. */
export class Envelope {
  readonly type: MessageType
  /** The number of the slice if the message is a slice, otherwise 0. */
  readonly part: number
  readonly #bytes: Uint8Array

  constructor(type: MessageType, part: number, bytes: Uint8Array) {
    this.type = type
    this.part = part
    this.#bytes = bytes
  }

  /** The bytes after the header, and after the number of the slice. A view is made only for the caller that needs it. */
  get content(): Uint8Array {
    return this.#bytes.subarray(this.type === 'maskedSlice' ? SLICE_HEADER_LENGTH : HEADER_LENGTH)
  }
}

/** Splits a message into its parts; `undefined` if it has no header of this version, or lacks the number of a slice. */
export function openEnvelope(bytes: Uint8Array): Envelope | undefined {
  const type = messageType(bytes)
  if (type !== 'maskedSlice') return type && new Envelope(type, 0, bytes)
  if (bytes.length < SLICE_HEADER_LENGTH) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return new Envelope(type, view.getUint32(HEADER_LENGTH, true), bytes)
}

/** The type of a message, from its header; `undefined` if it has no header of this version. The body is not read. */
export function messageType(bytes: Uint8Array): MessageType | undefined {
  const number = bytes[1]
  return bytes[0] === PROTOCOL_VERSION && number !== undefined ? TYPES[number] : undefined
}

/**
 * The fields in the header of a message.
 * @public
 */
export interface MessageInfo {
  /** The version of the protocol, which is the first byte of a message; `undefined` if there are no bytes. */
  readonly version: number | undefined
  /** The type; `undefined` if this library does not know the version or the type. */
  readonly type: MessageType | undefined
  /** The number of the slice, from 0 on, if the message is a slice of a masked vector. */
  readonly slice: number | undefined
  /** The length of the whole message, in bytes. */
  readonly size: number
}

/**
 * Reads the version, type and slice number of a message, for logs and metrics. It accepts any bytes: a field that is missing
 * is `undefined`. The rest of the message is not read, so it can be malformed even if the type is known.
 *
 * @param bytes - A message that a session returned or a peer sent.
 * @returns The fields. None of them is secret.
 * @throws {SecAggError} `invalid-argument` if `bytes` is not a Uint8Array.
 * @example
 * ```ts
 * import { ClientSession, createRoundConfig, inspectMessage } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 2, bits: 16, bound: 100 }],
 * })
 * const client = new ClientSession({ config, seat: 0, input: Uint16Array.of(1, 2) })
 * const { type, size } = inspectMessage(await client.start())
 * console.log(type, size) // 'advertiseKeys' 98
 * console.log(inspectMessage(Uint8Array.of(9)).type) // undefined
 * ```
 * @public
 */
export function inspectMessage(bytes: Uint8Array): MessageInfo {
  requireBytes('a message', bytes)
  const type = messageType(bytes)
  const slice = type === 'maskedSlice' ? openEnvelope(bytes)?.part : undefined
  return { version: bytes[0], type, slice, size: bytes.length }
}

/**
 * Checks the version and the type of a message.
 * @throws {SecAggError} `malformed-message`, `unsupported-version`, or `unexpected-message`.
 */
export function checkHeader(type: MessageType, bytes: Uint8Array, origin: Origin): void {
  if (bytes.length < HEADER_LENGTH) {
    throw new SecAggError('malformed-message', origin.fault, 'a message is too short to have a header', {
      ...origin,
      got: bytes.length,
    })
  }
  if (bytes[0] !== PROTOCOL_VERSION) {
    throw new SecAggError(
      'unsupported-version',
      origin.fault,
      'a message has another version of the protocol',
      {
        ...origin,
        expected: PROTOCOL_VERSION,
        got: bytes[0],
      },
    )
  }
  if (bytes[1] !== MESSAGE_TYPES[type]) {
    throw new SecAggError(
      'unexpected-message',
      origin.fault,
      `a message has another type than the expected ${type}`,
      {
        ...origin,
        expected: MESSAGE_TYPES[type],
        got: bytes[1],
      },
    )
  }
}
