import type { RoundConfig, SecretSplitter } from 'secagg'
import type { Choices } from '../choices.js'
import { ensure } from '../target.js'

/** How a client deals the shares of its next secrets. */
interface Dealing {
  /** To whom it deals wrong ones: a bit for each holder, by its coordinate. */
  readonly holders: number
  /** Of which bytes it changes every so-many-th. */
  readonly every: number
  readonly mask: number
  /** Whether they lie on a polynomial of their own. */
  readonly isAnother: boolean
}

/** Clients that deal wrong shares. */
export class Plots {
  /** The seats that have done so. */
  readonly dealers: Set<number> = new Set()
  readonly #dealings = new Map<number, Dealing>()

  plan(seat: number, choices: Choices): void {
    const [holders, every, mask, other] = [choices.byte(), choices.below(4), choices.byte(), choices.below(2)]
    this.#dealings.set(seat, { holders, every: every + 1, mask, isAnother: other === 1 })
  }

  /** The splitter of one client, which is `honest` until it plans something else. */
  splitter(seat: number, honest: SecretSplitter): SecretSplitter {
    return async (...request) => {
      const shares = await honest(...request)
      const dealing = this.#dealings.get(seat)
      if (dealing === undefined) return shares
      this.dealers.add(seat)
      const { holders, every, mask, isAnother } = dealing
      const others = isAnother ? await honest(...request) : shares
      return shares.map((share, index) => {
        if (((holders >>> (index % 8)) & 1) === 0) return share
        return others[index]!.map((byte, at) => (!isAnother && at % every === 0 ? byte ^ mask : byte))
      })
    }
  }
}

/** Nobody honest is named while no more clients cheat than are assumed to. */
export function requireOnlyCheatingNamed(
  { corruptClients = 0 }: RoundConfig,
  culprits: readonly number[],
  cheating: ReadonlySet<number>,
): void {
  if (cheating.size > corruptClients) return
  ensure(
    culprits.every((seat) => cheating.has(seat)),
    'an honest client is named',
  )
}
