import {
  ClientSession,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  localPlane,
  ServerSession,
} from 'secagg'
import { type CryptoProvider, defaultCrypto } from 'secagg/crypto'
import type { MaskExecutor } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'

/** What a program saw of a round. */
export interface Seen {
  readonly survivors: readonly number[]
  readonly sum: readonly number[]
}

/** A round of the active model with four clients, the last of which drops out. */
export async function runRound(maskExecutor?: MaskExecutor, crypto?: CryptoProvider): Promise<Seen> {
  const { ed25519, randomBytes } = crypto ?? (await defaultCrypto())
  const seats = [0, 1, 2, 3]
  const privateKeys = seats.map(() => randomBytes(32))
  const enrolled = await Promise.all(privateKeys.map((key) => ed25519.publicKey(key)))
  const verifyIdentity = ed25519Verifier((seat) => enrolled[seat], ed25519)
  const config = createRoundConfig({
    sessionId: randomBytes(32),
    clients: seats.length,
    adversary: 'active',
    segments: [{ length: 3, bits: 32, bound: 1000 }],
  })
  const options = { config, verifyIdentity, crypto, ...(maskExecutor === undefined ? {} : { maskExecutor }) }
  const clients = privateKeys.map((key, seat) => {
    const input = Uint32Array.of(seat, 10 * seat, 100)
    return new ClientSession({ ...options, seat, input, signer: ed25519Signer(key, ed25519) })
  })
  const server = new ServerSession({ ...options, plane: localPlane({ maskExecutor }) })
  for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      if (outcome.phase === 'masked-input' && seat === 3) continue
      await server.receive(seat, await clients[seat]!.receive(bytes))
    }
    outcome = await server.closePhase()
  }
  return { survivors: outcome.report.survivors, sum: [...(outcome.sum[0] as Uint32Array)] }
}

/** The same on two workers of the package's own, and how many of them there were in the end. */
export async function runOnThreads(): Promise<Seen & { readonly threads: number }> {
  const pool = await createMaskPool({ workers: 2 })
  try {
    const seen = await runRound(pool.execute)
    if (pool.failure !== undefined) throw pool.failure
    return { ...seen, threads: pool.threads }
  } finally {
    await pool.close()
  }
}

/** What all programs print, report or post. */
export async function runBoth(): Promise<unknown> {
  return { alone: await runRound(), pooled: await runOnThreads() }
}
