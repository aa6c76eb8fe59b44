import { createRoundConfig, type RoundConfig } from 'secagg'
import type { Enrolment } from './enrolment.js'

/** Each client counts 1000 things, each of them up to 999 times. */
const LENGTH = 1000
const BOUND = 1000

/** Identifies a round. */
export interface RoundId {
  readonly round: number
  readonly sessionId: Uint8Array
}

/** The configuration of a round. The server and each client make it independently. */
export function configOf({ round, sessionId }: RoundId, { names, bytes }: Enrolment): RoundConfig {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(round), true)
  return createRoundConfig({
    sessionId,
    clients: names.length,
    adversary: 'active',
    segments: [{ length: LENGTH, bits: 32, bound: BOUND }],
    context: { enrolment: bytes, round: number },
  })
}

/** A client's vector, invented so that the sum can be checked. In production, it is data that only the client has. */
export function countsOf(seat: number, round: number): Uint32Array {
  return Uint32Array.from({ length: LENGTH }, (_, thing) => (seat * 31 + round * 17 + thing * 7) % BOUND)
}
