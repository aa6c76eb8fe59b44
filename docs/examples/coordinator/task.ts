import { createRoundConfig, type RoundConfig } from 'secagg'
import type { Enrolment } from './enrolment.js'

/** What is summed: how often each of 1000 things was seen, up to 999 times each. */
const LENGTH = 1000
const BOUND = 1000

/** What tells one round from another. */
export interface PhaseName {
  readonly round: number
  readonly sessionId: Uint8Array
}

/** The round's configuration, which server and clients make each for itself. */
export function configOf({ round, sessionId }: PhaseName, { names, bytes }: Enrolment): RoundConfig {
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

/** A client's vector, made up so that the sum can be checked. In earnest it is what the client alone knows. */
export function countsOf(seat: number, round: number): Uint32Array {
  return Uint32Array.from({ length: LENGTH }, (_, thing) => (seat * 31 + round * 17 + thing * 7) % BOUND)
}
