import { equalBytes, wipeAll } from '../../crypto/bytes.js'
import type { Seated } from '../../wire/index.js'
import { blameNobody, violation } from '../blame.js'
import { cryptoOf, type ServerCapabilities } from '../capabilities.js'
import { requireState } from '../checks.js'
import { commitToSelfMask } from '../keys.js'
import { requireShape } from '../shapes.js'
import { sharesByOwner } from './held-shares.js'
import { SecretRecovery } from './recover-secret.js'
import type { ServerUnmasked, ServerUnmasking } from './states.js'
import { type AcceptedUnmasking, requireAnswers } from './unmask.js'
import { culpritsAmong, type Misfits } from './wrong-shares.js'

const ROUND = 'unmasking'

/**
 * Ends round 4: reconstructs b of every survivor and s^SK of every client of U2 that dropped out. Each secret is checked
 * against what its owner published, so a wrong share never leads to a wrong sum. Where the first t shares do not give
 * it, wrong ones are corrected, which of r shares as many as ⌊(r − t)/2⌋ may be; where more are wrong, other choices of
 * shares are tried, up to 1024 in all.
 *
 * The paper ends the round instead; here the new state says which shares were found to misfit.
 *
 * @throws {SecAggError} `too-few-clients` where fewer than t have answered; `too-few-shares`, naming the owner in
 *   `concerning`, where fewer than t of them hold a share; `wrong-share`, naming the owner likewise, where no choice of
 *   shares that was tried gives the owner's secret. Which of them are wrong, or whether the owner made them so, the
 *   error does not say; more answers may help.
 */
export async function reconstructSecrets(
  state: ServerUnmasking,
  accepted: readonly AcceptedUnmasking[],
  capabilities: Pick<ServerCapabilities, 'crypto'>,
): Promise<{ state: ServerUnmasked }> {
  requireState(state, 'server-unmasking')
  requireShape('list of accepted answers', accepted)
  const crypto = cryptoOf(capabilities)
  const { config, graph, clients, survivors } = state
  const held = sharesByOwner(state, requireAnswers(state, accepted))
  const recovery = new SecretRecovery(config.threshold)
  const survived = new Set(survivors)
  const selfMasks: Seated<Uint8Array>[] = []
  const maskKeys: Seated<Uint8Array>[] = []
  const misfits: Misfits[] = []
  for (const { seat, maskKey, commitment } of clients) {
    const survives = survived.has(seat)
    const recovered = await recovery.recover(held.get(seat)!, async (secret) =>
      survives
        ? equalBytes(await commitToSelfMask(config, crypto, secret, seat), commitment)
        : equalBytes(await crypto.x25519.publicKey(secret), maskKey),
    )
    if (recovered === undefined) {
      wipeAll([...selfMasks, ...maskKeys].map(({ value }) => value))
      throw wrongShare(seat, survives ? 'commitment' : 'public key')
    }
    if (recovered.misfits !== undefined) misfits.push(recovered.misfits)
    const list = survives ? selfMasks : maskKeys
    list.push({ seat, value: recovered.value })
  }
  return {
    state: {
      state: 'server-unmasked',
      config,
      graph,
      clients,
      survivors,
      selfMasks,
      maskKeys,
      wrongShares: misfits.flatMap(({ owner, holders }) => holders.map((holder) => ({ owner, holder }))),
      culprits: culpritsAmong(misfits, config),
    },
  }
}

function wrongShare(owner: number, against: string): Error {
  const message = `no choice of the shares of seat ${owner}'s secret gives what its ${against} says`
  return violation('wrong-share', blameNobody(ROUND, owner), message)
}
