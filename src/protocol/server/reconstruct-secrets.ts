import { requireFunction } from '../../arguments.js'
import { equalBytes, wipe, wipeAll } from '../../crypto/bytes.js'
import { CONSISTENCY_BYTES, consistencyCheck } from '../../shamir/combine.js'
import type { Seated } from '../../wire/index.js'
import { capable, cryptoOf, requireShape, type ServerCapabilities } from '../capabilities.js'
import { blameNobody, requireState, violation } from '../checks.js'
import { hybridFor } from '../hybrid-steps.js'
import { commitToSelfMask } from '../keys.js'
import { columnsOfAnswers, type HeldShares, requireAnswers, sharesByOwner } from './held-shares.js'
import {
  type LostSecret,
  type RecoveredSecret,
  type RecoveryMeans,
  SecretRecovery,
} from './recover-secrets.js'
import type { ServerFinished, ServerUnmasking } from './states.js'
import type { RevealedColumn, RevealingClient } from './unmask.js'
import {
  Budget,
  CHECK_COST,
  comparingCost,
  consistencyCost,
  type OnWork,
  placeCost,
  valueCost,
  weightsCost,
} from './work.js'
import { culpritsAmong, dealersAmong, type Misfits } from './wrong-shares.js'

const PHASE = 'unmasking'

/**
 * Closes the phase Unmasking: reconstructs b of every survivor, and s^SK of every client of U2 that dropped out.
 *
 * Each secret is checked against what its owner published, so a wrong share never leads to a wrong sum. If t shares do not
 * give the right secret, up to ⌊(r − t)/2⌋ wrong shares out of r are corrected. If more are wrong, other choices of t shares
 * are tried. This extra work has a limit: about twice the work of a round without wrong shares, and at least about ten
 * milliseconds. The limit is enough for holders that send wrong shares of all owners, and for single wrong shares anywhere.
 * It is not enough for a hundred owners with a hundred wrong shares each, all at different holders.
 *
 * In the paper a wrong share ends the round. Here the round continues, and the new state lists the wrong shares that were
 * found.
 *
 * @param state - The state from `closeMaskedInput`, or in the active model from `closeConsistencyCheck` or
 *   `closeAcknowledgements`.
 * @param accepted - What `acceptUnmasking` returned, one entry for each client.
 * @param capabilities - `crypto`; and optionally `onWork`, which is called before each piece of work. What it throws ends
 *   the call.
 * @returns The last state of the server, with the secrets for {@link planUnmasking}.
 * @throws {SecAggError} `too-few-clients` if fewer than t clients have answered (complete graph). `too-few-shares` if fewer
 *   than t shares of an owner's secret were revealed; `concerning` names the owner. `wrong-share` if no choice of shares
 *   that was tried gives an owner's secret, or the work has reached its limit; `concerning` names the owner, and `culprits`
 *   the owners that must have dealt wrong shares if at most n_C clients cheat. If there are no culprits, a retry with more
 *   answers may succeed. With hybrid key agreement also `wrong-mask-secret`, with the clients as culprits that have sent a secret
 *   for a mask that does not open or does not fit, or whose keys do not. `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.acceptUnmasking.
 * const { state: finished } = await server.reconstructSecrets(unmasking.state, answers, { crypto })
 * console.log(finished.selfMasks.length, finished.maskKeys.length, finished.wrongShares) // 3 1 []
 * ```
 * @public
 */
export async function reconstructSecrets(
  state: ServerUnmasking,
  accepted: readonly RevealingClient[],
  capabilities: Pick<ServerCapabilities, 'crypto'> & { readonly onWork?: OnWork | undefined },
): Promise<{ state: ServerFinished }> {
  requireState(state, 'server-unmasking')
  requireShape('list of accepted answers', accepted)
  return reconstructFromColumns(state, columnsOfAnswers(state, accepted), capabilities)
}

/** The same step for answers in one piece each. */
export async function reconstructFromColumns(
  state: ServerUnmasking,
  accepted: readonly RevealedColumn[],
  capabilities: Pick<ServerCapabilities, 'crypto'> & { readonly onWork?: OnWork | undefined },
): Promise<{ state: ServerFinished }> {
  const { onWork, ...others } = capable(capabilities)
  const crypto = cryptoOf(others)
  if (onWork !== undefined) requireFunction('onWork', onWork)
  const { config, graph, clients, survivors } = state
  const { held, memory } = sharesByOwner(state, requireAnswers(state, accepted))
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
    const recovered = valuesOf((seat) => !survived.has(seat))
    const opened = await hybridFor(config, crypto)?.openSecrets(state, recovered, crypto, onWork)
    if (opened !== undefined) wipeAll(recovered.map(({ value }) => value))
    const culprits = culpritsAmong(misfits, config)
    return {
      state: {
        state: 'server-unmasked',
        config,
        graph,
        clients,
        survivors,
        selfMasks: valuesOf((seat) => survived.has(seat)),
        maskKeys: opened?.maskKeys ?? recovered,
        maskSecrets: opened?.secrets,
        wrongShares: misfits.flatMap(({ owner, holders }) => holders.map((holder) => ({ owner, holder }))),
        culprits:
          opened === undefined
            ? culprits
            : [...new Set([...culprits, ...opened.culprits])].sort((a, b) => a - b),
      },
    }
  } catch (error) {
    wipeAll([...recovery.recovered.values()].map(({ value }) => value))
    throw error
  } finally {
    wipe(memory)
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
  const hybrid = hybridFor(config, crypto)
  const checkCost = (owner: number): number => CHECK_COST[survived.has(owner) ? 'commitment' : 'publicKey']
  // On the complete graph all owners have the same holders, so one choice of holders works for all owners.
  const weights = weightsCost(threshold) * (config.graph.kind === 'complete' ? 1 : held.length)
  const honest = held.reduce((sum, { owner }) => sum + valueCost(threshold) + checkCost(owner), weights)
  return {
    threshold,
    honest,
    budget: new Budget(honest, weights, onWork),
    checkCost,
    isRight: async (owner, secret) => {
      const client = published.get(owner)!
      if (survived.has(owner)) {
        return equalBytes(await commitToSelfMask(config, crypto, secret, owner), client.commitment)
      }
      if (hybrid !== undefined) return hybrid.isMaster(config, crypto, client, secret)
      return equalBytes(await crypto.x25519.publicKey(secret), client.maskKey)
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
    ? `no choice of shares that was tried gives a secret of seat ${owner} that matches its ${against}`
    : `correcting the wrong shares takes more work than the limit allows; seat ${owner}'s secret was not recovered`
  const culprits = dealersAmong(uncorrectable, config)
  return violation('wrong-share', { ...blameNobody(PHASE, owner), culprits }, message)
}

/** What the search for wrong shares uses. */
interface Means {
  readonly threshold: number
  readonly budget: Budget
  randomBytes(length: number): Uint8Array
}

/** An owner whose shares are being checked. */
interface Looked {
  readonly secret: RecoveredSecret
  /** The shares from which the secret was computed. */
  readonly taken: readonly Uint8Array[]
  /** All shares. A wrong share that was found is replaced by the right one. */
  readonly shares: Uint8Array[]
  /** The holders of the wrong shares that were found. */
  readonly off: number[]
}

/**
 * Finds the shares that do not lie on the polynomials of their owners' secrets. It looks only at owners whose secret the
 * first attempt did not recover, and stops when the budget is used up.
 *
 * Shares that are known or suspected to be wrong are checked one by one, and all others together. So a holder that sends
 * wrong shares of all owners is found at little cost. If the check of the others fails, they are checked one by one too,
 * after everything else.
 */
export async function findMisfits(
  { recovered, trusted }: SecretRecovery,
  means: Means,
): Promise<readonly Misfits[]> {
  const { budget, threshold } = means
  const found: Misfits[] = []
  const report = ({ secret: { held }, off }: Looked): void => {
    const holders = off.sort((a, b) => a - b)
    found.push({ owner: held.owner, holders, fitting: held.shares.length - holders.length })
  }
  const unclear: { readonly looked: Looked; readonly rest: readonly number[] }[] = []
  for (const group of groupsOf([...recovered.values()].filter(({ atOnce }) => !atOnce))) {
    const { choice, held, wrong } = group[0]!
    const { holders } = held.layout
    const chosen = new Set(choice.indices)
    const others = [...holders.keys()].filter((index) => !chosen.has(index))
    const isDoubtful = (index: number): boolean => {
      return trusted.isSuspected(holders[index]!) || wrong.has(holders[index]!)
    }
    const doubtful = others.filter(isDoubtful)
    const rest = others.filter((index) => !isDoubtful(index))

    const setup = doubtful.length * placeCost(threshold) + comparingCost(threshold, others.length)
    const each = doubtful.length * valueCost(threshold) + consistencyCost(held.layout.field, holders.length)
    const looked = group.slice(0, Math.max(Math.floor((budget.left - setup) / each), 0)).map(lookedAt)
    if (looked.length === 0) continue
    await budget.spend(setup)
    for (const index of doubtful) await lookAt(index, looked, valueCost(threshold), budget)
    const isConsistent = consistencyOf(group[0]!, others, means)
    for (const owner of looked) {
      await budget.spend(consistencyCost(held.layout.field, holders.length))
      if (isConsistent(owner)) report(owner)
      else unclear.push({ looked: owner, rest })
    }
  }
  for (const { looked, rest } of unclear) {
    const each = valueCost(threshold) + placeCost(threshold)
    if (budget.left < rest.length * each) continue
    for (const index of rest) await lookAt(index, [looked], each, budget)
    report(looked)
  }
  return found.sort((a, b) => a.owner - b.owner)
}

function lookedAt(secret: RecoveredSecret): Looked {
  const { shares } = secret.held
  const taken = secret.choice.indices.map((index) => shares[index]!)
  return { secret, taken, shares: [...shares], off: [] }
}

/** Compares the shares of one holder with the right ones. */
async function lookAt(index: number, owners: readonly Looked[], cost: number, budget: Budget): Promise<void> {
  const { choice, held } = owners[0]!.secret
  const expectedOf = choice.through.at(held.layout.coordinates[index]!)
  for (const { taken, shares, off } of owners) {
    await budget.spend(cost)
    const expected = expectedOf(taken)
    if (expected.every((byte, at) => byte === shares[index]![at])) continue
    shares[index] = expected
    off.push(held.layout.holders[index]!)
  }
}

/** Returns a function that tells whether all shares of an owner are right, once those that were found are replaced. */
function consistencyOf(
  { choice, held }: RecoveredSecret,
  others: readonly number[],
  { randomBytes }: Means,
): (owner: Looked) => boolean {
  const { field, coordinates } = held.layout
  const places = others.map((index) => coordinates[index]!)
  const random = randomBytes(CONSISTENCY_BYTES * places.length)
  const isConsistent = consistencyCheck(field, choice.through, places, random)
  return ({ taken, shares }) => {
    return isConsistent(
      taken,
      others.map((index) => shares[index]!),
    )
  }
}

/** Groups the secrets that have the same holders, were computed from the same choice, and exclude the same wrong shares. */
function groupsOf(secrets: readonly RecoveredSecret[]): readonly (readonly RecoveredSecret[])[] {
  const groups: RecoveredSecret[][] = []
  const known = new Map<unknown, RecoveredSecret[][]>()
  for (const secret of secrets) {
    const { choice, held, wrong } = secret
    const alike = known.get(held.layout) ?? []
    known.set(held.layout, alike)
    const group = alike.find(([one]) => one!.choice.key === choice.key && one!.wrong === wrong)
    if (group !== undefined) {
      group.push(secret)
      continue
    }
    const made = [secret]
    alike.push(made)
    groups.push(made)
  }
  // Largest groups first: preparing a group costs the same for a few owners as for many.
  return groups.sort((a, b) => b.length - a.length)
}
