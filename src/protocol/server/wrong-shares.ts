import type { RoundConfig } from '../config.js'

/**
 * A share that does not fit the others. Either its holder has revealed another one than it was given, or its owner has
 * dealt it so; one such pair does not tell which.
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
 * than n_C others.
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
  return [...others]
    .filter(([, misfitting]) => misfitting.size > corrupt)
    .map(([seat]) => seat)
    .sort((a, b) => a - b)
}

/**
 * n_C; where the configuration does not state it, the most that the threshold withstands: t − 1 who would otherwise have a
 * secret, and in the active model as many as 2t > n + n_C allows.
 */
function corruptClientsWithstood({ corruptClients, adversary, clients, threshold }: RoundConfig): number {
  return corruptClients ?? (adversary === 'active' ? 2 * threshold - clients - 1 : threshold - 1)
}
