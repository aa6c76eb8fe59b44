import { isChosen, partOf } from '../../graph/index.js'
import type { RoundConfig } from '../config.js'

/**
 * A share that conflicts with the others. Either the holder revealed a different share than the one it was given, or the
 * owner dealt a wrong share. One such pair does not tell which of them cheated.
 * @public
 */
export interface WrongShare {
  readonly owner: number
  readonly holder: number
}

/** The holders of one owner's wrong shares, and the number of its right shares. */
export interface Misfits {
  readonly owner: number
  readonly holders: readonly number[]
  readonly fitting: number
}

/**
 * The clients that must have cheated if at most n_C have, ascending: those whose shares conflict, as owner or as holder,
 * with more than n_C other clients. The list is empty if more than n_C clients must have cheated, because the assumption is
 * then false and nothing follows from it.
 *
 * An owner's wrong shares count only if at least t + n_C of its shares fit. At least t of these belong to honest holders, so
 * they determine what the owner dealt. If fewer fit, cheating holders can agree on another polynomial with the same secret,
 * and the shares of honest holders would look wrong. With this rule, an honest owner has wrong shares only at cheating
 * holders, so an honest client conflicts with at most n_C others.
 */
export function culpritsAmong(misfits: readonly Misfits[], config: RoundConfig): readonly number[] {
  const corrupt = toleratedCorruptClients(config)
  const others = new Map<number, Set<number>>()
  const note = (one: number, other: number): void => {
    others.set(one, (others.get(one) ?? new Set()).add(other))
  }
  for (const { owner, holders, fitting } of misfits) {
    if (fitting < config.threshold + corrupt) continue
    for (const holder of holders) {
      note(owner, holder)
      note(holder, owner)
    }
  }
  const culprits = [...others].filter(([, { size }]) => size > corrupt).map(([seat]) => seat)
  return needsMoreThan(corrupt, others) ? [] : culprits.sort((a, b) => a - b)
}

/**
 * The owners that must have cheated if at most n_C clients have, among the owners whose shares could not be corrected. If
 * t + 2 · n_C shares are revealed, n_C wrong ones can always be corrected; so if correcting fails, the owner dealt wrong
 * shares. The list is empty if it would name more than n_C owners.
 */
export function dealersAmong(
  uncorrectable: readonly { readonly owner: number; readonly shares: readonly unknown[] }[],
  config: RoundConfig,
): readonly number[] {
  const corrupt = toleratedCorruptClients(config)
  const dealers = uncorrectable.filter(({ shares }) => shares.length >= config.threshold + 2 * corrupt)
  return dealers.length > corrupt ? [] : dealers.map(({ owner }) => owner)
}

/**
 * Whether more than `corrupt` cheating clients are needed so that every pair contains one of them. `true` is certain.
 * `false` is not: an exact answer would solve vertex cover, which is NP-hard.
 */
function needsMoreThan(corrupt: number, pairs: ReadonlyMap<number, ReadonlySet<number>>): boolean {
  const left = new Map([...pairs].map(([seat, others]) => [seat, new Set(others)]))
  const drop = (seat: number): void => {
    for (const other of left.get(seat) ?? []) left.get(other)!.delete(seat)
    left.delete(seat)
  }
  let room = corrupt
  for (;;) {
    // A client in more pairs than there can be cheating clients is a cheating client.
    const certain = [...left].find(([, { size }]) => size > room)
    if (certain === undefined) break
    if (room === 0) return true
    drop(certain[0])
    room--
  }
  // Pairs without a common client need a cheating client each.
  for (const [seat, others] of [...left]) {
    const [other] = left.has(seat) ? others : []
    if (other === undefined) continue
    if (room === 0) return true
    drop(seat)
    drop(other)
    room--
  }
  return false
}

/**
 * n_C. If the configuration does not state it, it is the maximum that the threshold tolerates: t − 1, because t clients
 * together know every secret; in the active model on the complete graph the maximum with 2t > n + n_C.
 *
 * Where clients choose their holders, any corrupt client can choose a victim and deal it a wrong share, so all ⌊γn⌋ count;
 * without assumptions nobody is named.
 */
export function toleratedCorruptClients(config: RoundConfig): number {
  const { corruptClients, adversary, clients, threshold, graph } = config
  if (isChosen(graph)) {
    const { assumptions } = graph
    return assumptions === undefined ? clients : partOf(clients, assumptions.corruptFraction)
  }
  return corruptClients ?? (adversary === 'active' ? 2 * threshold - clients - 1 : threshold - 1)
}
