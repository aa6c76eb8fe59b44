import { type CryptoProvider, createRoundConfig, type RoundParameters } from 'secagg'
import type { server } from 'secagg/protocol'
import { commitToSelfMask } from '../../src/protocol/keys.js'
import { secretSplitter } from '../../src/shamir/split.js'

/** What holders reveal, by owner and holder; `undefined` where a share is left out. */
export type Shares = (Uint8Array | undefined)[][]

/** A server on the complete graph that waits for shares of everybody's secret. */
export interface WaitingServer {
  readonly state: server.ServerUnmasking
  /** What honest holders reveal of honest owners' secrets. */
  readonly shares: readonly (readonly Uint8Array[])[]
  readonly secrets: readonly Uint8Array[]
  readonly threshold: number
  /** As many shares of one secret as may be wrong if all are revealed. */
  readonly correctable: number
}

type Options = Pick<RoundParameters, 'clients' | 'threshold' | 'corruptClients'> & {
  /** How many clients, from the first seat on, have dropped out; their secrets are private keys. Default 0. */
  readonly dropped?: number
}

export async function waitingServer(
  { dropped = 0, ...parameters }: Options,
  crypto: CryptoProvider,
): Promise<WaitingServer> {
  const config = createRoundConfig({
    ...parameters,
    sessionId: crypto.randomBytes(16),
    adversary: 'honest-but-curious',
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
  })
  const { clients, threshold } = config
  const split = secretSplitter(crypto)
  const shares: (readonly Uint8Array[])[] = []
  const secrets: Uint8Array[] = []
  const members: server.MaskedClient[] = []
  for (let seat = 0; seat < clients; seat++) {
    const [selfMask, privateKey] = [crypto.randomBytes(16), crypto.randomBytes(32)]
    const secret = seat < dropped ? privateKey : selfMask
    secrets.push(secret)
    shares.push(await split(secret, threshold, clients))
    members.push({
      seat,
      maskKey: await crypto.x25519.publicKey(privateKey),
      commitment: await commitToSelfMask(config, crypto, selfMask, seat),
      identity: undefined,
      hybrid: undefined,
    })
  }
  return {
    state: {
      state: 'server-unmasking',
      config,
      graph: { kind: 'complete' },
      clients: members,
      survivors: members.map(({ seat }) => seat).slice(dropped),
      consistent: undefined,
      acknowledging: undefined,
    },
    shares,
    secrets,
    threshold,
    correctable: (clients - dropped - threshold) >> 1,
  }
}

/** The shares of the round, to be changed. */
export function copyOfShares({ shares }: WaitingServer): Shares {
  return shares.map((row) => [...row])
}

/** The answers in which holders reveal these shares; those who have dropped out give none. */
export function answersOf({ state }: WaitingServer, shares: Shares): readonly server.RevealingClient[] {
  return state.survivors.map((holder) => ({
    seat: holder,
    shares: shares.flatMap((row, owner) => {
      const value = row[holder]
      return value === undefined ? [] : [{ seat: owner, value }]
    }),
  }))
}
