import type { Digest, LargeVector } from '../vectors/format.js'
import { concat, hex, uint } from './bytes.js'
import { Client } from './client/client.js'
import { configurationOf } from './configuration.js'
import * as keys from './keys.js'
import { message, seatSet, TYPE } from './messages.js'
import { everybody, without } from './parties.js'
import { sha256, x25519, x25519PublicKey } from './primitives.js'
import { clientValues, elements } from './round.js'

/** One client in a large round, and every value that it made: the other clients' messages follow from the description. */
export function modelLarge({
  parameters,
  seat,
  u1,
  u2,
  u3,
  selected,
  input,
}: LargeVector): LargeVector['values'] {
  const configuration = configurationOf(parameters)
  const { clients, threshold } = configuration
  const drawn = (purpose: number, number: number, length = 32): Uint8Array =>
    sha256(concat(uint(1, purpose), uint(4, number))).slice(0, length)
  const exponents = everybody(threshold).slice(1)
  const client = new Client({
    configuration,
    seat,
    drawn: {
      cipherPrivateKey: drawn(1, seat),
      maskPrivateKey: drawn(2, seat),
      hybrid: null,
      choice: new Uint8Array(0),
      selfMask: drawn(7, 0, 16),
      maskKeyCoefficients: exponents.map((i) => drawn(5, i)),
      selfMaskCoefficients: exponents.map((i) => drawn(6, i, 16)),
    },
    input: input.map((segment) => segment.map(BigInt)),
    signingKey: null,
    enrolment: [],
  })
  client.start()
  const cipherKeys = new Map(u1.map((other) => [other, x25519PublicKey(drawn(1, other))]))
  const published = message(
    TYPE.publishedKeys,
    seatSet(everybody(clients), u1),
    ...u1.flatMap((other) => [cipherKeys.get(other)!, x25519PublicKey(drawn(2, other))]),
  )
  client.receive(published)

  const sealedBy = (sender: number): Uint8Array => {
    const { key } = keys.sealingKey(
      configuration,
      x25519(drawn(1, sender), cipherKeys.get(seat)!),
      { seat: sender, publicKey: cipherKeys.get(sender)!, kemKey: new Uint8Array(0) },
      { seat, publicKey: cipherKeys.get(seat)!, kemKey: new Uint8Array(0) },
      null,
    )
    const plaintext = concat(drawn(3, sender), drawn(4, sender, 16))
    return configuration.suite.seal(key, keys.associatedData(configuration, sender, seat), plaintext)
  }
  const senders = without(u2, seat)
  const forwarded = message(
    TYPE.forwardedShares,
    seatSet(without(u1, seat), senders),
    ...senders.map(sealedBy),
  )
  client.receive(forwarded)
  const survivors = message(TYPE.survivors, seatSet(everybody(clients), u3))
  client.receive(survivors)

  const { shareKeys, maskedInput, unmasking } = clientValues(client, [published, forwarded, survivors])[0]!
  const pairs = client.shared!.shares.flatMap((each) => [each.maskKeyShare, each.selfMaskShare])
  return {
    hash: hex(configuration.hash),
    publishedKeys: digest(published),
    allShares: digest(concat(...pairs)),
    shares: shareKeys!.shares.filter(({ holder }) => selected.includes(holder)),
    commitment: shareKeys!.commitment,
    sealed: shareKeys!.sealed.filter(({ receiver }) => selected.includes(receiver)),
    shareKeys: digest(client.shared!.message),
    forwardedShares: digest(forwarded),
    masks: maskedInput!.masks.filter((mask) => selected.includes(mask.with)),
    masked: elements(client.masked!.masked),
    maskedInput: maskedInput!.messages[0]!,
    survivors: hex(survivors),
    revealed: unmasking!.revealed.filter(({ owner }) => selected.includes(owner)),
    unmasking: digest(client.unmasked!.message),
  }
}

function digest(bytes: Uint8Array): Digest {
  return { sha256: hex(sha256(bytes)), length: bytes.length }
}
