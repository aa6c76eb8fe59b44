import { dangerouslyTrustAnyIdentity, ServerSession, type Signer } from 'secagg'
import { expect } from 'vitest'
import { joinRound, type Keys, newRound, runRound } from '../../../docs/examples/keys/round.js'

/** The same keys, but the client at `seat` signs with another signer. */
export function impersonating(keys: Keys, seat: number, signer: Signer): Keys {
  return { ...keys, signers: keys.signers.with(seat, signer) }
}

/**
 * What no kind of key may allow: signing for another client's seat, signing with a key that nobody enrolled, and using a
 * signature of one round in another. `stranger` makes signatures of the same kind.
 */
export async function expectAttacksToFail(keys: Keys, stranger: Signer): Promise<void> {
  await expectRefused(impersonating(keys, 1, keys.signers[2]!))
  await expectRefused(impersonating(keys, 1, stranger))
  await expectRefused(impersonating(keys, 1, await replayerOf(keys, 1)))
}

/** The client at seat 1 gets nowhere: the server does without it, and if the server passes its keys on, the other clients end the round. */
export async function expectRefused(keys: Keys): Promise<void> {
  const { sum, survivors, refused } = await runRound(keys)
  expect(refused).toEqual([{ seat: 1, code: 'invalid-signature' }])
  expect(survivors).toEqual([0, 2, 3, 4])
  expect(sum).toEqual([90, 94, 98, 102])

  const config = newRound(keys)
  const corrupt = new ServerSession({ config, verifyIdentity: dangerouslyTrustAnyIdentity() })
  const clients = keys.signers.map((_, seat) => joinRound(config, seat, keys))
  for (const [seat, client] of clients.entries()) {
    expect(await corrupt.receive(seat, await client.start())).toMatchObject({ status: 'accepted' })
  }
  const outcome = await corrupt.closePhase()
  if (outcome.done) throw new Error('the round is over')
  for (const [seat, message] of outcome.messages) {
    if (seat === 1) continue
    await expect(clients[seat]!.receive(message)).rejects.toMatchObject({
      code: 'invalid-signature',
      fault: 'server',
    })
  }
}

/** A signer that gives the first signature that the client at `seat` made in an earlier round. */
async function replayerOf(keys: Keys, seat: number): Promise<Signer> {
  const seen: Uint8Array[] = []
  const recording: Signer = {
    sign: async (message) => {
      const signature = await keys.signers[seat]!.sign(message)
      seen.push(signature)
      return signature
    },
  }
  const { survivors } = await runRound(impersonating(keys, seat, recording))
  expect(survivors).toContain(seat)
  return { sign: async () => seen[0]! }
}
