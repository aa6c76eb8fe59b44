import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, type Bytes, concatBytes, equalBytes, plainBytes } from '../crypto/bytes.js'

/** The permission to send the vector of one seat to the process that serves its group, in one epoch of the group. */
export interface Ticket {
  /** `hash` of the round's configuration, 32 bytes. */
  readonly configHash: Uint8Array
  readonly seat: number
  readonly group: number
  readonly epoch: number
}

const LABEL = ascii('secagg ingest ticket 1')
const BODY = 32 + 3 * 4
const MAC = 32

/** The number of bytes of a ticket. */
export const TICKET_LENGTH: number = BODY + MAC

/** Signs a ticket with the key that the coordinator and the ingest processes share. */
export function signTicket(key: Uint8Array, { configHash, seat, group, epoch }: Ticket): Bytes {
  const body = new Uint8Array(BODY)
  body.set(configHash)
  const view = new DataView(body.buffer)
  for (const [index, value] of [seat, group, epoch].entries()) view.setUint32(32 + 4 * index, value, true)
  return concatBytes(body, macOf(key, body))
}

/** Reads a ticket; `undefined` if it was not signed with this key. */
export function openTicket(key: Uint8Array, bytes: Uint8Array): Ticket | undefined {
  if (bytes.length !== TICKET_LENGTH) return undefined
  const body = plainBytes(bytes.slice(0, BODY))
  if (!equalBytes(macOf(key, body), bytes.subarray(BODY))) return undefined
  const view = new DataView(body.buffer)
  const [seat, group, epoch] = [0, 1, 2].map((index) => view.getUint32(32 + 4 * index, true))
  return { configHash: body.subarray(0, 32), seat: seat!, group: group!, epoch: epoch! }
}

function macOf(key: Uint8Array, body: Uint8Array): Uint8Array {
  return hmac(sha256, key, concatBytes(LABEL, body))
}
