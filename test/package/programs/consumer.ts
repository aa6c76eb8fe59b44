// Type-checked against the built declarations, as a program that installs the package sees them.
import { ClientSession, createRoundConfig, type PhaseOutcome, SecAggError, ServerSession } from 'secagg'
import { type CryptoProvider, defaultCrypto } from 'secagg/crypto'
import { decodeOutcome, openRound, planRound } from 'secagg/federated'
import { createFixedPoint } from 'secagg/fixed-point'
import { analyzePrivacy } from 'secagg/privacy'
import { client, server } from 'secagg/protocol'
import { type SimulationResult, simulate } from 'secagg/simulate'
import { createStatistics } from 'secagg/statistics'
import { manifestOf } from 'secagg/tensors'
import { runClient, serveRound } from 'secagg/transport'
import { executeMaskPlan, type Vector } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'

/** Names a state type of each party, which lives in a namespace of the package. */
export type States = [client.ClientState, client.ClientMasked, server.ServerState, server.Outbound<Vector>]

export async function consume(): Promise<[PhaseOutcome, SimulationResult, CryptoProvider]> {
  const config = createRoundConfig({
    sessionId: new Uint8Array(16),
    clients: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
  })
  const session = new ClientSession({ config, seat: 0, input: new Uint8Array(1) })
  const receipt = await new ServerSession({ config }).receive(0, await session.start())
  if (receipt.status === 'refused') throw new SecAggError(receipt.error.code, 'peer', receipt.error.message)
  const crypto = await defaultCrypto()
  const { state } = await client.advertiseKeys(config, 0, { crypto })
  await executeMaskPlan([new Uint8Array(1)], config.segments, [], crypto.suites.aes!)
  server.openRound(state.config)
  return [
    await new ServerSession({ config }).closePhase(),
    await simulate({ clients: 3, length: 1, bits: 8 }),
    crypto,
  ]
}

/** Something of each of the layers above, whose declarations must stand on their own. */
export function layers(): readonly unknown[] {
  return [
    planRound,
    openRound,
    decodeOutcome,
    createFixedPoint,
    analyzePrivacy,
    createStatistics,
    manifestOf,
    createMaskPool,
    runClient,
    serveRound,
  ]
}
