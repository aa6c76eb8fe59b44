import { equal } from '../bytes.js'
import { sample } from '../choice.js'
import * as keys from '../keys.js'
import { demand, message, Reader, seatSet, TYPE } from '../messages.js'
import { cipherKeyOf, whoSigned } from '../parties.js'
import { x25519 } from '../primitives.js'
import { type Masked, ownersOf } from './mask-input.js'
import { openShares, type Revealed, receivedOn, type UnmaskResult } from './unmask.js'

// Rounds 3 and 4 on the chosen graph

interface Acknowledged {
  readonly owner: number
  readonly agreement: Uint8Array
  readonly info: Uint8Array
  readonly value: Uint8Array
}

export interface Acknowledging {
  readonly masked: Masked
  /** The owners in U2. */
  readonly owners: readonly number[]
  /** Those of them that are alive. */
  readonly living: readonly number[]
  readonly revealed: readonly Revealed[]
  readonly acknowledged: readonly Acknowledged[]
  readonly message: Uint8Array
}

export function acknowledgeOwners(masked: Masked, inbound: Uint8Array): Acknowledging {
  const { self, shared } = masked
  const { configuration, seat, enrolment } = self
  const phase = 'consistency-check'
  const owners = ownersOf(masked)
  const reader = new Reader(inbound, TYPE.livingOwners, phase)
  const living = reader.seatSet(owners)
  const inclusions = living.map((owner) => ({
    owner,
    bits: reader.bytes(Math.ceil(configuration.neighbors / 8)),
    signature: reader.bytes(configuration.signatureLength),
  }))
  reader.end()
  for (const { owner, bits } of inclusions) {
    const place = sample(configuration, owner, shared.published.get(owner)!.choice).indexOf(seat)
    demand(((bits[place >> 3]! >> (place & 7)) & 1) === 1, 'invalid-survivors', phase)
  }
  for (const { owner, bits, signature } of inclusions) {
    const digest = keys.keysDigest(configuration, owner, shared.published.get(owner)!)
    const statement = keys.inclusionStatement(configuration, owner, digest, bits)
    const identity = whoSigned(enrolment, owner, statement, signature)
    demand(identity !== undefined && identity === shared.identities.get(owner), 'invalid-signature', phase)
  }
  const revealed = owners.map((owner): Revealed => {
    const secret = living.includes(owner) ? 'selfMask' : 'maskKey'
    return { owner, secret, share: openShares(masked, owner)?.[secret] ?? null }
  })
  const acknowledged = revealed
    .filter(({ secret, share }) => secret === 'selfMask' && share !== null)
    .map(({ owner }) => ({ owner, ...acknowledgement(masked, seat, owner) }))
  const set = seatSet(
    living,
    acknowledged.map(({ owner }) => owner),
  )
  const bytes = message(TYPE.acknowledgements, set, ...acknowledged.map(({ value }) => value))
  return { masked, owners, living, revealed, acknowledged, message: bytes }
}

/** The acknowledgement of `holder` for `owner`, one of whom is the client itself. */
function acknowledgement({ shared, ciphertexts }: Masked, holder: number, owner: number) {
  const { self, published, sealed } = shared
  const { configuration, seat, drawn } = self
  const other = holder === seat ? owner : holder
  const agreement = x25519(drawn.cipherPrivateKey, published.get(other)!.cipherKey)
  // What the owner has encapsulated to the holder.
  const sent =
    owner === seat
      ? sealed.find(({ receiver }) => receiver === holder)!.encapsulated
      : receivedOn(self, ciphertexts.get(owner)!)
  const keyOf = (each: number) => cipherKeyOf(each, published.get(each)!)
  const derived = keys.acknowledgement(configuration, agreement, keyOf(holder), keyOf(owner), sent)
  return { agreement: derived.secret, info: derived.info, value: derived.key }
}

export function unmaskAcknowledged(acknowledging: Acknowledging, inbound: Uint8Array): UnmaskResult {
  const { masked, owners, living, revealed } = acknowledging
  const { self, shared, ciphertexts } = masked
  const { configuration, seat } = self
  const holders = [...ciphertexts.keys()].filter((other) => shared.holders.includes(other))
  const reader = new Reader(inbound, TYPE.collectedAcknowledgements, 'unmasking')
  const given = reader.seatSet(holders).map((holder) => ({ holder, value: reader.bytes(16) }))
  reader.end()
  const right = given.filter(({ holder, value }) => equal(value, acknowledgement(masked, holder, seat).value))
  demand(right.length >= configuration.threshold, 'too-few-clients', 'unmasking')
  const present = revealed.filter(({ share }) => share !== null)
  const set = seatSet(
    owners,
    present.map(({ owner }) => owner),
  )
  return {
    self,
    survivors: living,
    revealed,
    message: message(TYPE.unmasking, set, ...present.map(({ share }) => share!)),
  }
}
