import type { Parcel } from '../hybrid.js'
import * as keys from '../keys.js'
import { demand, message, Reader, seatSet, TYPE } from '../messages.js'
import { cipherKeyOf, everybody, isSubset, whoSigned } from '../parties.js'
import { decapsulate, type Encapsulated, x25519 } from '../primitives.js'
import { type Checked, readSurvivors } from './check-consistency.js'
import type { Masked } from './mask-input.js'
import type { Self } from './self.js'

// Round 4

export interface Revealed {
  readonly owner: number
  readonly secret: 'selfMask' | 'maskKey'
  /** Absent where what the owner sealed does not open. */
  readonly share: Uint8Array | null
}

export interface UnmaskResult {
  readonly self: Self
  /** U3. */
  readonly survivors: readonly number[]
  readonly revealed: readonly Revealed[]
  readonly message: Uint8Array
}

/** In the honest-but-curious model. */
export function unmask(masked: Masked, inbound: Uint8Array): UnmaskResult {
  return revealShares(masked, readSurvivors(masked, inbound, 'unmasking'))
}

/** In the active model. */
export function unmaskConsistently(checked: Checked, inbound: Uint8Array): UnmaskResult {
  const { self, masked, survivors } = checked
  const { configuration, enrolment } = self
  const reader = new Reader(inbound, TYPE.consistencySignatures, 'unmasking')
  const signers = reader.seatSet(everybody(configuration.clients))
  const signatures = signers.map(() => reader.bytes(configuration.signatureLength))
  reader.end()
  demand(isSubset(signers, survivors), 'invalid-survivors', 'unmasking')
  demand(signers.length >= configuration.threshold, 'too-few-clients', 'unmasking')
  for (const [index, signer] of signers.entries()) {
    const statement = keys.survivorsStatement(configuration, masked.shared.publishedDigest, signer, survivors)
    const identity = whoSigned(enrolment, signer, statement, signatures[index]!)
    const isSame = identity !== undefined && identity === masked.shared.identities.get(signer)
    demand(isSame, 'invalid-signature', 'unmasking')
  }
  return revealShares(masked, survivors)
}

function revealShares(masked: Masked, survivors: readonly number[]): UnmaskResult {
  const { self, shared, ciphertexts } = masked
  const { seat } = self
  const owners = [seat, ...ciphertexts.keys()].sort((a, b) => a - b)
  const revealed = owners.flatMap((owner): Revealed[] => {
    const secret = survivors.includes(owner) ? 'selfMask' : 'maskKey'
    if (owner === seat) {
      const own = shared.shares.find(({ holder }) => holder === seat)
      return own === undefined ? [] : [{ owner, secret, share: own[`${secret}Share`] }]
    }
    return [{ owner, secret, share: openShares(masked, owner)?.[secret] ?? null }]
  })
  const present = revealed.filter(({ share }) => share !== null)
  const set = seatSet(
    owners,
    present.map(({ owner }) => owner),
  )
  return {
    self,
    survivors,
    revealed,
    message: message(TYPE.unmasking, set, ...present.map(({ share }) => share!)),
  }
}

/** What `sender` sealed to the client; null where that does not open. */
export function openShares(
  { shared, ciphertexts }: Masked,
  sender: number,
): { readonly maskKey: Uint8Array; readonly selfMask: Uint8Array } | null {
  const { self, published, advertised } = shared
  const { configuration, seat, drawn } = self
  const parcel = ciphertexts.get(sender)!
  const theirs = cipherKeyOf(sender, published.get(sender)!)
  const agreement = x25519(drawn.cipherPrivateKey, theirs.publicKey)
  const own = cipherKeyOf(seat, advertised)
  const { key } = keys.sealingKey(configuration, agreement, theirs, own, receivedOn(self, parcel))
  const associatedData = keys.associatedData(configuration, sender, seat)
  const plaintext = configuration.suite.open(key, associatedData, parcel.shares)
  return plaintext && { maskKey: plaintext.slice(0, 32), selfMask: plaintext.slice(32) }
}

/** [hybrid] K and C of what a client got. */
export function receivedOn({ drawn }: Self, { channel }: Parcel): Encapsulated | null {
  return drawn.hybrid === null ? null : decapsulate(drawn.hybrid.cipherSeed, channel)
}
