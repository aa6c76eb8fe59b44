import type { RoundConfig } from '../config.js'

/**
 * A share that does not fit the others. Either its holder has revealed another one than it was given, or its owner has
 * dealt it so; one such pair does not tell which.
 * @public
 */
export interface WrongShare {
  readonly owner: number
  readonly holder: number
}

/** The wrong shares of one owner, and how many of its shares fit. */
export interface Misfits {
  readonly owner: number
  readonly holders: readonly number[]
  readonly fitting: number
}

/**
 * The clients that must have cheated, ascending, if at most n_C have: those that misfit, as owner or as holder, with more
 * than n_C others. Nobody where more than n_C must have cheated, since then nothing is known about anybody.
 *
 * What an owner has dealt is known only where t + n_C shares fit. Then t of them are of honest holders, who hold what it
 * dealt them. Where fewer fit, some holders that cheat together can agree on another polynomial with the same secret,
 * with which the shares of honest holders misfit; so those say nothing. With an honest owner, then, only the shares of
 * cheating holders misfit, and an honest client misfits with at most n_C others.
 */
export function culpritsAmong(misfits: readonly Misfits[], config: RoundConfig): readonly number[] {
  const corrupt = corruptClientsWithstood(config)
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
  return takesMoreThan(corrupt, others) ? [] : culprits.sort((a, b) => a - b)
}

/**
 * The owners that must have cheated if at most n_C clients have, of those whose shares could not be corrected: n_C wrong
 * ones can be where 2 · n_C more than t are revealed. Nobody where that would be more than n_C.
 */
export function dealersAmong(
  uncorrectable: readonly { readonly owner: number; readonly shares: readonly unknown[] }[],
  config: RoundConfig,
): readonly number[] {
  const corrupt = corruptClientsWithstood(config)
  const dealers = uncorrectable.filter(({ shares }) => shares.length >= config.threshold + 2 * corrupt)
  return dealers.length > corrupt ? [] : dealers.map(({ owner }) => owner)
}

/**
 * Whether it takes more than `corrupt` cheating clients for one to be in each of these pairs. Where it says no, it may
 * still take more: to be sure is a hard problem (vertex cover).
 */
function takesMoreThan(corrupt: number, pairs: ReadonlyMap<number, ReadonlySet<number>>): boolean {
  const left = new Map([...pairs].map(([seat, others]) => [seat, new Set(others)]))
  const drop = (seat: number): void => {
    for (const other of left.get(seat) ?? []) left.get(other)!.delete(seat)
    left.delete(seat)
  }
  let room = corrupt
  for (;;) {
    // One that is in more pairs than there may be cheating clients is a cheating client.
    const certain = [...left].find(([, { size }]) => size > room)
    if (certain === undefined) break
    if (room === 0) return true
    drop(certain[0])
    room--
  }
  // Pairs that have nobody in common take a cheating client each.
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
 * n_C; where the configuration does not state it, the most that the threshold withstands: t − 1 who would otherwise have a
 * secret, and in the active model as many as 2t > n + n_C allows.
 */
function corruptClientsWithstood({ corruptClients, adversary, clients, threshold }: RoundConfig): number {
  return corruptClients ?? (adversary === 'active' ? 2 * threshold - clients - 1 : threshold - 1)
}
