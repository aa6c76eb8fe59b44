import { requireFunction } from '../../arguments.js'
import { equalBytes, wipeAll } from '../../crypto/bytes.js'
import type { Seated } from '../../wire/index.js'
import { blameNobody, violation } from '../blame.js'
import { capable, cryptoOf, type ServerCapabilities } from '../capabilities.js'
import { requireState } from '../checks.js'
import { commitToSelfMask } from '../keys.js'
import { requireShape } from '../shapes.js'
import { type HeldShares, sharesByOwner } from './held-shares.js'
import { findMisfits } from './misfits.js'
import { type LostSecret, type RecoveryMeans, SecretRecovery } from './recover-secrets.js'
import type { ServerFinished, ServerUnmasking } from './states.js'
import { type RevealingClient, requireAnswers } from './unmask.js'
import { Budget, CHECK_COST, type OnWork, valueCost, weightsCost } from './work.js'
import { culpritsAmong, dealersAmong } from './wrong-shares.js'

const PHASE = 'unmasking'

/**
 * Ends round 4: reconstructs b of every survivor and s^SK of every client of U2 that dropped out. Each secret is checked
 * against what its owner published, so a wrong share never leads to a wrong sum. Where the shares of t holders do not
 * give it, up to ⌊(r − t)/2⌋ wrong ones of r are corrected; where more are wrong, other choices of shares are tried. The
 * work has a limit: about twice that of a round without wrong shares, in addition to it, or some ten milliseconds. That is
 * enough for holders that lie about everybody's shares, and for single wrong shares anywhere. It is not enough for a
 * hundred owners with a hundred wrong shares each, all at different holders.
 *
 * The paper ends the round instead; here the new state says which shares were found to misfit. `onWork` is told of work
 * before it is done; what it throws goes through.
 *
 * @throws {SecAggError} `too-few-clients` where fewer than t have answered; `too-few-shares`, naming the owner in
 *   `concerning`, where fewer than t of them hold a share; `wrong-share`, naming the owner likewise, where no choice of
 *   shares that was tried gives the owner's secret, or the work has reached its limit. `culprits` are owners that must have
 *   dealt wrong shares if at most n_C clients cheat. Otherwise nobody is named; more answers may help.
 */
export async function reconstructSecrets(
  state: ServerUnmasking,
  accepted: readonly RevealingClient[],
  capabilities: Pick<ServerCapabilities, 'crypto'> & { readonly onWork?: OnWork | undefined },
): Promise<{ state: ServerFinished }> {
  requireState(state, 'server-unmasking')
  requireShape('list of accepted answers', accepted)
  const { onWork, ...others } = capable(capabilities)
  const crypto = cryptoOf(others)
  if (onWork !== undefined) requireFunction('onWork', onWork)
  const { config, graph, clients, survivors } = state
  const held = sharesByOwner(state, requireAnswers(state, accepted))
  const means = recoveryMeans(state, held, { crypto, onWork })
  const recovery = new SecretRecovery(held, means)
  const valuesOf = (isWanted: (seat: number) => boolean): Seated<Uint8Array>[] =>
    clients.flatMap(({ seat }) =>
      isWanted(seat) ? [{ seat, value: recovery.recovered.get(seat)!.value }] : [],
    )
  try {
    const lost = await recovery.recover()
    if (lost !== undefined) throw wrongShare(lost, state)
    means.budget.limit(means.honest)
    const misfits = await findMisfits(recovery, means)
    const survived = new Set(survivors)
    return {
      state: {
        state: 'server-unmasked',
        config,
        graph,
        clients,
        survivors,
        selfMasks: valuesOf((seat) => survived.has(seat)),
        maskKeys: valuesOf((seat) => !survived.has(seat)),
        wrongShares: misfits.flatMap(({ owner, holders }) => holders.map((holder) => ({ owner, holder }))),
        culprits: culpritsAmong(misfits, config),
      },
    }
  } catch (error) {
    wipeAll([...recovery.recovered.values()].map(({ value }) => value))
    throw error
  }
}

function recoveryMeans(
  { config, clients, survivors }: ServerUnmasking,
  held: readonly HeldShares[],
  { crypto, onWork }: Pick<ServerCapabilities, 'crypto'> & { readonly onWork?: OnWork | undefined },
): RecoveryMeans & { readonly honest: number } {
  const { threshold } = config
  const survived = new Set(survivors)
  const published = new Map(clients.map((client) => [client.seat, client]))
  const checkCost = (owner: number): number => CHECK_COST[survived.has(owner) ? 'commitment' : 'publicKey']
  // On the complete graph all owners have the same holders, and one choice of them does.
  const weights = weightsCost(threshold) * (config.graph.kind === 'complete' ? 1 : held.length)
  const honest = held.reduce((sum, { owner }) => sum + valueCost(threshold) + checkCost(owner), weights)
  return {
    threshold,
    honest,
    budget: new Budget(honest, weights, onWork),
    checkCost,
    isRight: async (owner, secret) => {
      const { commitment, maskKey } = published.get(owner)!
      return survived.has(owner)
        ? equalBytes(await commitToSelfMask(config, crypto, secret, owner), commitment)
        : equalBytes(await crypto.x25519.publicKey(secret), maskKey)
    },
    randomBytes: (length) => crypto.randomBytes(length),
  }
}

function wrongShare(
  { held: { owner }, wasTried, uncorrectable }: LostSecret,
  { config, survivors }: ServerUnmasking,
): Error {
  const against = survivors.includes(owner) ? 'commitment' : 'public key'
  const message = wasTried
    ? `no choice of the shares of seat ${owner}'s secret that was tried gives what its ${against} says`
    : `wrong shares, of seat ${owner}'s secret among others, take too much work to correct`
  const culprits = dealersAmong(uncorrectable, config)
  return violation('wrong-share', { ...blameNobody(PHASE, owner), culprits }, message)
}
