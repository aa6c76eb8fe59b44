import * as keys from '../keys.js'
import { demand, message, Reader, TYPE } from '../messages.js'
import { everybody, isSubset } from '../parties.js'
import { ed25519Sign } from '../primitives.js'
import type { Masked } from './mask-input.js'
import { minimumSeen, type Self } from './self.js'

// Round 3, in the active model

export interface Checked {
  readonly self: Self
  readonly masked: Masked
  /** U3, as far as the client hears of it. */
  readonly survivors: readonly number[]
  readonly statement: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
}

export function checkConsistency(masked: Masked, inbound: Uint8Array): Checked {
  const { configuration, seat, signingKey } = masked.self
  const survivors = readSurvivors(masked, inbound, 'consistency-check')
  const statement = keys.survivorsStatement(configuration, masked.shared.publishedDigest, seat, survivors)
  const signature = ed25519Sign(signingKey!, statement)
  const bytes = message(TYPE.consistencyCheck, signature)
  return { self: masked.self, masked, survivors, statement, signature, message: bytes }
}

/** U3 as the server tells it, checked; in the honest-but-curious model too. */
export function readSurvivors(
  { self, ciphertexts }: Masked,
  inbound: Uint8Array,
  phase: 'consistency-check' | 'unmasking',
): readonly number[] {
  const { configuration, seat } = self
  const sharing = [seat, ...ciphertexts.keys()].sort((a, b) => a - b)
  const reader = new Reader(inbound, TYPE.survivors, phase)
  const survivors = reader.seatSet(
    configuration.graph === 'complete' ? everybody(configuration.clients) : sharing,
  )
  reader.end()
  demand(isSubset(survivors, sharing) && survivors.includes(seat), 'invalid-survivors', phase)
  demand(survivors.length >= minimumSeen(configuration), 'too-few-clients', phase)
  return survivors
}
