import * as P from 'micro-packed'
import { type Bytes, concatBytes, requireBytes } from '../crypto/bytes.js'
import { type Fault, type PhaseName, SecAggError } from '../errors.js'
import { encodeOwn } from './coders.js'

/**
 * The version of the protocol: of its messages, encodings, labels and derivations together. Every message begins with it.
 */
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
} as const

/**
 * The types of messages. Client to server: `advertiseKeys`, `shareKeys`, `maskedInput` or `maskedSlice`,
 * `consistencyCheck`, `unmasking`. Server to client: `publishedKeys`, `forwardedShares`, `survivors`,
 * `consistencySignatures`.
 * @public
 */
export type MessageType = keyof typeof MESSAGE_TYPES

/** A message type by its number. */
export const messageTypeCoder: P.CoderType<MessageType> = P.map(
  P.U8,
  MESSAGE_TYPES,
) as P.CoderType<MessageType>

const TYPES = Object.keys(MESSAGE_TYPES) as readonly MessageType[]

/** Bytes before a message's body: version and type. */
export const HEADER_LENGTH = 2

/** The same before a slice: its number as well. */
export const SLICE_HEADER_LENGTH: number = HEADER_LENGTH + 4

/** From whom bytes come and in which round, for the errors that they cause. */
export interface Origin {
  readonly fault: Fault
  readonly phase: PhaseName
  readonly culprits: readonly number[]
}

/** Writes a message: header, then the body as `coder` has it. */
export function encodeMessage<T>(type: MessageType, coder: P.CoderType<T>, message: T): Bytes {
  return concatBytes(Uint8Array.of(PROTOCOL_VERSION, MESSAGE_TYPES[type]), encodeOwn(coder, message))
}

/**
 * Reads a message of the expected type to its last byte. The values do not share memory with `bytes`.
 *
 * @throws {SecAggError} `unsupported-version`, `unexpected-message`, or `malformed-message`.
 */
export function decodeMessage<T>(
  type: MessageType,
  coder: P.CoderType<T>,
  bytes: Uint8Array,
  origin: Origin,
): T {
  checkHeader(type, bytes, origin)
  try {
    // Not `slice`, which on a Node Buffer shares memory.
    return coder.decode(new Uint8Array(bytes.subarray(HEADER_LENGTH)))
  } catch {
    // Without a cause: the coder's own error quotes the bytes, which may be shares.
    throw new SecAggError('malformed-message', origin.fault, `a malformed ${type} message`, origin)
  }
}

/**
 * The first `length` bytes of the body of a message of the expected type, whatever comes after them; `undefined` where there
 * are fewer.
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

/** A masked input: header, then the packed vector. */
export function encodeMaskedInput(packed: Uint8Array): Bytes {
  return concatBytes(Uint8Array.of(PROTOCOL_VERSION, MESSAGE_TYPES.maskedInput), packed)
}

/** The packed vector of a masked input, not copied; the vector core checks it. */
export function decodeMaskedInput(bytes: Uint8Array, origin: Origin): Uint8Array {
  checkHeader('maskedInput', bytes, origin)
  return bytes.subarray(HEADER_LENGTH)
}

/** A slice of a masked input: header, number of the slice, then this part of the packed vector. */
export function encodeMaskedSlice(slice: number, packed: Uint8Array): Bytes {
  const header = Uint8Array.of(PROTOCOL_VERSION, MESSAGE_TYPES.maskedSlice, 0, 0, 0, 0)
  new DataView(header.buffer).setUint32(HEADER_LENGTH, slice, true)
  return concatBytes(header, packed)
}

/** The parts of such a message, the packed one not copied; the vector core checks it. */
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

/** A message by its header alone: its type, which slice it is (else 0), and what comes after that. */
export interface Envelope {
  readonly type: MessageType
  readonly part: number
  readonly content: Uint8Array
}

/** `undefined` where there is no header of this version, or no number of a slice. */
export function openEnvelope(bytes: Uint8Array): Envelope | undefined {
  const type = messageType(bytes)
  if (type === undefined) return undefined
  if (type !== 'maskedSlice') return { type, part: 0, content: bytes.subarray(HEADER_LENGTH) }
  if (bytes.length < HEADER_LENGTH + 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { type, part: view.getUint32(HEADER_LENGTH, true), content: bytes.subarray(HEADER_LENGTH + 4) }
}

/** The type of a message by its header, whatever its body. */
export function messageType(bytes: Uint8Array): MessageType | undefined {
  const number = bytes[1]
  return bytes[0] === PROTOCOL_VERSION ? TYPES.find((type) => MESSAGE_TYPES[type] === number) : undefined
}

/**
 * What the first bytes of a message say.
 * @public
 */
export interface MessageInfo {
  /** Version of the protocol, the first byte of a message; `undefined` if there are no bytes. */
  readonly version: number | undefined
  /** `undefined` if the version or the type is not one that this library knows. */
  readonly type: MessageType | undefined
  /** Number of the slice, from 0, if the message is a slice of a masked vector. */
  readonly slice: number | undefined
  /** Length of the whole message, in bytes. */
  readonly size: number
}

/**
 * Reads version, type and slice number of a message, for logs and metrics. It accepts any bytes: fields that they do not
 * have are `undefined`, and nothing after the header is read. A known type does not mean that the rest of the message is
 * well-formed.
 *
 * @param bytes - What a session returned, or what a peer sent.
 * @returns The fields. None of them is secret.
 * @throws {SecAggError} `invalid-argument` if `bytes` is not a Uint8Array.
 *
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
 * Checks version and type, the two bytes that every message begins with.
 * @throws {SecAggError} `malformed-message`, `unsupported-version`, or `unexpected-message`.
 */
export function checkHeader(type: MessageType, bytes: Uint8Array, origin: Origin): void {
  if (bytes.length < HEADER_LENGTH) {
    throw new SecAggError('malformed-message', origin.fault, 'a message is too short for its header', {
      ...origin,
      got: bytes.length,
    })
  }
  if (bytes[0] !== PROTOCOL_VERSION) {
    throw new SecAggError(
      'unsupported-version',
      origin.fault,
      'a message is of another version of the protocol',
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
      `a message of another type came where ${type} was expected`,
      {
        ...origin,
        expected: MESSAGE_TYPES[type],
        got: bytes[1],
      },
    )
  }
}
