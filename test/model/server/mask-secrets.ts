import { equal } from '../bytes.js'
import { confirmation, maskKeysOf, maskSecret, openMaskSecret } from '../hybrid.js'
import { Refusal } from '../messages.js'
import { maskKeyOf } from '../parties.js'
import { type Encapsulated, x25519 } from '../primitives.js'
import { partOf } from '../proof.js'
import type { Answered, Member, Secret } from './reconstruct.js'

// Section "Hybrid key agreement" of the specification: what the server finds once it has the master secrets.

/** [hybrid] p and C' of a pair one of whom dropped out; null where its sender is at fault. */
export function sentBetween(
  { configuration, graph, u2 }: Answered,
  survivor: Member,
  { owner, value }: Secret,
): Encapsulated | null {
  const dropped = u2.get(owner)!
  const { maskPrivateKey, maskSeed } = maskKeysOf(configuration, value, owner)
  if (graph.sendsMaskSecret(owner, survivor.seat)) {
    const sent = dropped.parcels!.get(survivor.seat)!.maskSecret!
    const p = maskSecret(configuration, value, owner, survivor.seat).key
    const fits = equal(confirmation(configuration, p, owner, survivor.seat).key, sent.confirmation)
    return fits ? { secret: p, ciphertext: sent.ciphertext } : null
  }
  const sent = survivor.parcels!.get(owner)!.maskSecret!
  const [from, to] = [maskKeyOf(survivor.seat, survivor.keys), maskKeyOf(owner, dropped.keys)]
  const agreement = x25519(maskPrivateKey, from.publicKey)
  const p = openMaskSecret(configuration, agreement, from, to, maskSeed, sent)
  return p && { secret: p, ciphertext: sent.ciphertext }
}

/** [hybrid] Who has sent a secret for a mask that does not open or does not fit. */
function sendersAtFault(round: Answered, secrets: readonly Secret[]): number[] {
  const { graph, u2, u3 } = round
  const dropped = secrets.filter(({ kind }) => kind === 'maskKey')
  const culprits = dropped.flatMap((secret) =>
    u3
      .filter((seat) => graph.sharesMask(seat, secret.owner))
      .filter((seat) => sentBetween(round, u2.get(seat)!, secret) === null)
      .map((seat) => (graph.sendsMaskSecret(secret.owner, seat) ? secret.owner : seat)),
  )
  return [...new Set(culprits)].sort((a, b) => a - b)
}

/**
 * [hybrid] Who is at fault without ending the round. Refuses to go on if secrets do not open or do not fit. `complaints`: whom
 * clients complain about, by author.
 */
export function judge(
  round: Answered,
  secrets: readonly Secret[],
  complaints: ReadonlyMap<number, readonly number[]>,
): readonly number[] {
  const wrong = sendersAtFault(round, secrets)
  const isFalse = (author: number, sender: number): boolean =>
    round.u3.includes(sender) &&
    sentBetween(round, round.u2.get(sender)!, secrets.find(({ owner }) => owner === author)!) !== null
  const authors = [...complaints].filter(([author, about]) => about.some((sender) => isFalse(author, sender)))
  const believed = [...complaints].flatMap(([author, about]) =>
    about.filter((sender) => !isFalse(author, sender)),
  )
  const most = corruptClients(round)
  const accused = [...new Set(believed)].filter(
    (seat) => believed.filter((sender) => sender === seat).length > most,
  )
  const named = accused.length > most ? [] : accused
  const culprits = [...new Set([...wrong, ...authors.map(([author]) => author), ...named])]
  culprits.sort((a, b) => a - b)
  if (wrong.length > 0) throw new Refusal('wrong-mask-secret', 'unmasking', culprits)
  return culprits
}

/** n_C. */
function corruptClients({ configuration }: Answered): number {
  const { graph, assumptions, clients, threshold, active } = configuration
  if (graph === 'chosen') {
    return assumptions === null ? clients : partOf(clients, assumptions.corruptFraction)
  }
  return configuration.corruptClients ?? (active ? 2 * threshold - clients - 1 : threshold - 1)
}
