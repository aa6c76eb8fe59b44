import {
  ClientSession,
  createRoundConfig,
  type RoundConfig,
  ServerSession,
  type Signer,
  type VerifyIdentity,
} from 'secagg'

/** How many numbers each client adds. */
const LENGTH = 4

/** What the clients of a round sign with, and how everybody checks it. */
export interface Keys {
  /** By seat. In a real deployment each of them is on another machine. */
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity
  /**
   * What the verifier relies on: public keys, certificates, revocations. It becomes part of the configuration, so clients
   * that were given different lists are not in one sum.
   */
  readonly roster: Uint8Array
}

/** Whom the server refused, and why. */
interface Refusal {
  readonly seat: number
  readonly code: string
}

export interface RoundResult {
  readonly sum: readonly number[]
  readonly survivors: readonly number[]
  readonly refused: readonly Refusal[]
}

/** The configuration of a round. In production, the server draws the session id, and each party makes the configuration itself. */
export function newRound(
  { signers, roster }: Keys,
  sessionId: Uint8Array = crypto.getRandomValues(new Uint8Array(32)),
): RoundConfig {
  return createRoundConfig({
    sessionId: Uint8Array.from(sessionId),
    clients: signers.length,
    adversary: 'active',
    segments: [{ length: LENGTH, bits: 32, bound: 1000 }],
    context: { roster: Uint8Array.from(roster) },
  })
}

/** A client's vector, invented so that the sum can be checked. */
function inputOf(seat: number): Uint32Array {
  return Uint32Array.from({ length: LENGTH }, (_, index) => seat * 10 + index)
}

export function joinRound(
  config: RoundConfig,
  seat: number,
  { signers, verifyIdentity }: Keys,
): ClientSession {
  return new ClientSession({ config, seat, input: inputOf(seat), signer: signers[seat]!, verifyIdentity })
}

/**
 * Runs a round in this process: every message passes between the clients and the server as bytes.
 *
 * @param leaving - The seat of a client that falls silent before it sends its vector.
 * @throws {SecAggError} when a client or the server gives up the round.
 */
export async function runRound(
  keys: Keys,
  { config = newRound(keys), leaving }: { config?: RoundConfig; leaving?: number } = {},
): Promise<RoundResult> {
  const server = new ServerSession({ config, verifyIdentity: keys.verifyIdentity })
  const clients = keys.signers.map((_, seat) => joinRound(config, seat, keys))
  const refused: Refusal[] = []
  const deliver = async (seat: number, message: Uint8Array): Promise<void> => {
    const receipt = await server.receive(seat, message)
    if (receipt.status === 'refused') refused.push({ seat, code: receipt.error.code })
  }
  for (const [seat, client] of clients.entries()) await deliver(seat, await client.start())
  for (;;) {
    const outcome = await server.closePhase()
    if (outcome.done) {
      const { sum, report } = outcome
      return { sum: Array.from(sum[0]!, Number), survivors: report.survivors, refused }
    }
    for (const [seat, message] of outcome.messages) {
      if (seat === leaving && server.phase === 'masked-input') continue
      await deliver(seat, await clients[seat]!.receive(message))
    }
  }
}

/** Prints the result of a round, and fails unless the sum is that of the survivors' vectors. */
export function report(title: string, result: RoundResult): void {
  console.log(describeResult(title, result))
}

/** The result of a round in one line. @throws if the sum is not that of the survivors' vectors. */
export function describeResult(title: string, { sum, survivors, refused }: RoundResult): string {
  const expected = Array.from({ length: LENGTH }, (_, index) =>
    survivors.reduce((total, seat) => total + inputOf(seat)[index]!, 0),
  )
  if (sum.join() !== expected.join()) throw new Error(`${title}: the sum is ${sum}, not ${expected}`)
  const without = refused.map(({ seat, code }) => `, seat ${seat} refused (${code})`).join('')
  return `${title}: the sum of seats ${survivors.join(' ')} is ${sum.join(' ')}${without}`
}
