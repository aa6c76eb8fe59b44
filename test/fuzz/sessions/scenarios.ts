import {
  type CryptoProvider,
  defaultCrypto,
  localPlane,
  ServerSession,
  type ServerSessionOptions,
} from 'secagg'
import { withPostQuantum } from 'secagg/post-quantum'
import { secretSplitter } from '../../../src/shamir/split.js'
import { type Cohort, type CohortOptions, makeCohort, runCohort } from '../../support/cohort.js'
import { randomOf } from '../../support/seeded.js'
import { toyCrypto, toyEncapsulation, toySplitter } from '../../support/toy-crypto.js'
import { DiskOfProcess, FlakyDisk } from '../flaky-disk.js'
import { Plots } from './plots.js'

const sparse = { neighbors: 4, assumptions: 'unproven' } as const
/** Clients that choose their holders; seven, as the messages to them hold a byte for the seats. */
const chosen = {
  clients: 7,
  adversary: 'active',
  graph: { neighbors: 5, assumptions: 'unproven' },
  threshold: 3,
  minimumCohort: 4,
} as const
/** Vectors that go in three and more slices, which cut a segment within its elements. */
const sliced = {
  segments: [
    { length: 100, bits: 5, bound: 'modular' },
    { length: 90, bits: 33, bound: 1000 },
  ],
  sliceLength: 64,
} as const

/** Small rounds of every kind. */
export const SCENARIOS: readonly CohortOptions[] = [
  { clients: 4, adversary: 'honest-but-curious' },
  { clients: 4, adversary: 'active' },
  { clients: 6, adversary: 'honest-but-curious', graph: sparse, threshold: 2, minimumCohort: 4 },
  { clients: 4, adversary: 'active', threshold: 3, corruptClients: 1, suite: 'chacha' },
  { clients: 4, adversary: 'honest-but-curious', ...sliced, serverOptions: { maximumUploads: 2 } },
  { clients: 4, adversary: 'active', ...sliced },
  { clients: 6, adversary: 'honest-but-curious', graph: sparse, threshold: 3, minimumCohort: 5, ...sliced },
  {
    clients: 5,
    adversary: 'honest-but-curious',
    threshold: 3,
    minimumCohort: 4,
    segments: [
      { length: 3, bits: 1, bound: 'modular' },
      { length: 2, bits: 64, bound: 1n << 61n },
    ],
  },
  // With shares to spare, and clients that may cheat about them.
  { clients: 7, adversary: 'honest-but-curious', threshold: 4, corruptClients: 1 },
  { clients: 8, adversary: 'active', threshold: 6, corruptClients: 1 },
  chosen,
  { ...chosen, ...sliced, serverOptions: { maximumUploads: 3 } },
  { clients: 5, adversary: 'honest-but-curious', keyAgreement: 'x25519-ml-kem-768' },
  { ...chosen, ...sliced, keyAgreement: 'x25519-ml-kem-768' },
]

/** The parties of a round, and the disk from which its server can be brought back. */
export interface Parties extends Cohort {
  readonly disk: FlakyDisk
  readonly plots: Plots
  /** The disk as the first process of the server sees it. */
  readonly process: DiskOfProcess
  /** Another process of the server. */
  resumeServer(process: DiskOfProcess): Promise<ServerSession>
}

/** The parties of a round of `scenario`; with `real` on the best provider of the platform. */
export async function partiesOf(scenario: number, real: boolean): Promise<Parties> {
  const disk = new FlakyDisk()
  const process = new DiskOfProcess(disk)
  const own = SCENARIOS[scenario]!
  const serverOptions = (by: DiskOfProcess): Partial<ServerSessionOptions> => ({
    ...own.serverOptions,
    plane: localPlane({ sliceStore: by.store }),
    save: by.save,
  })
  const options = { ...own, serverOptions: serverOptions(process), seed: 100 + scenario }
  const platform = real ? await hybridFor(own, await defaultCrypto(options.suite)) : undefined
  const toy = await hybridFor(own, toyCrypto(options.seed))
  const plots = new Plots()
  const split = platform === undefined ? toySplitter(options.seed) : secretSplitter(platform)
  const cohort = await makeCohort({
    ...options,
    clientOptions: (seat) => ({ splitSecret: plots.splitter(seat, split) }),
    splitSecret: split,
    crypto: platform === undefined ? toy : { ...platform, randomBytes: randomOf(scenario).bytes },
  })
  const { config, crypto, verifyIdentity, server } = cohort
  process.server = server
  return {
    ...cohort,
    disk,
    plots,
    process,
    resumeServer: (by) =>
      ServerSession.resume(disk.form!, { config, crypto, verifyIdentity, ...serverOptions(by) }),
  }
}

/** The provider; for rounds with hybrid key agreement, with toy encapsulation, as the other is slow. */
async function hybridFor({ keyAgreement }: CohortOptions, crypto: CryptoProvider): Promise<CryptoProvider> {
  if (keyAgreement === undefined) return crypto
  return withPostQuantum({ ...crypto, mlKem768: toyEncapsulation(1) })
}

const foreign = new Map<number, Promise<readonly Uint8Array[]>>()

/** All messages of two other rounds of `scenario`, of which one has the same session id. */
export function foreignTo(scenario: number): Promise<readonly Uint8Array[]> {
  const made = foreign.get(scenario) ?? recordForeign(scenario)
  foreign.set(scenario, made)
  return made
}

async function recordForeign(scenario: number): Promise<readonly Uint8Array[]> {
  const options = SCENARIOS[scenario]!
  const { sessionId } = (await partiesOf(scenario, false)).config
  const messages: Uint8Array[] = []
  for (const other of [{ seed: 1 }, { seed: 2, sessionId }]) {
    await runCohort({
      ...options,
      ...other,
      crypto: await hybridFor(options, toyCrypto(other.seed)),
      splitSecret: toySplitter(other.seed),
      onClientMessage: (_seat, _round, bytes) => {
        messages.push(bytes)
        return bytes
      },
      onServerMessage: (_seat, _round, bytes) => {
        messages.push(bytes)
        return bytes
      },
    })
  }
  return messages
}
