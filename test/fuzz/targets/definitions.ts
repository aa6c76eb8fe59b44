import {
  checkStatistics,
  createPrivateStatistics,
  createStatistics,
  type Definition,
  encodeRecords,
  openStatistics,
  type Statistics,
  statisticsContext,
} from 'secagg/statistics'
import { createManifest, manifestBytes, type TensorManifest } from 'secagg/tensors'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { Choices } from '../choices.js'
import { edited, parsed } from '../json.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

const definition: Definition = {
  age: { kind: 'mean', from: 0, to: 120, step: 1 },
  cost: { kind: 'sum', from: -5, to: 5 },
  spread: { kind: 'variance', from: 0, to: 1 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7], outside: 'refuse' },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
  pair: { kind: 'contingency', rows: ['a', 'b'], columns: ['c'] },
  words: { kind: 'sketch', depth: 2, width: 8, seed: '00'.repeat(16) },
  smokes: { kind: 'count' },
}

/** What a server may send of these layers, as it travels. */
const BASES: readonly unknown[] = [
  createManifest({ kernel: [2, 3], bias: [3], scalar: [], empty: [0, 5] }),
  createStatistics(definition, { clients: 100 }),
  createStatistics(definition, { clients: 7, maximumRecords: 20 }),
  createPrivateStatistics(definition, { clients: 100, minimumHonest: 60, epsilon: 1, delta: 1e-6 }),
].map((base) => JSON.parse(JSON.stringify(base)))

const REQUIREMENTS = { minimumCohort: 2, corruptFraction: 0 } as const

/** Manifests of tensors and definitions of statistics from a peer: refused, or with canonical bytes. */
export const definitions: FuzzTarget = {
  name: 'definitions',
  sync: true,
  weight: 2,
  maximumLength: 2048,
  *seeds() {
    for (const [index, base] of BASES.entries()) {
      yield Uint8Array.of(0, index)
      for (let part = 0; part < 9; part++) {
        for (let inner = 0; inner < 5; inner++) yield Uint8Array.of(0, index, 3, 0, part, inner, 1, 1, inner)
      }
      yield Uint8Array.of(1, index, ...new TextEncoder().encode(JSON.stringify(base)))
    }
  },
  run: (data) => {
    const choices = new Choices(data)
    const isText = choices.below(2) === 1
    const kind = choices.below(BASES.length)
    const received = isText ? parsed(choices.rest()) : edited(BASES[kind], choices, false)
    const bytesOf = (): Uint8Array =>
      kind === 0 ? manifestBytes(received as TensorManifest) : statisticsContext(received as Statistics)
    const outcome = outcomeOf(bytesOf)
    if ('error' in outcome) {
      ensure(outcome.error.fault === 'usage', 'a definition is the caller’s to check')
    } else {
      ensure(equalBytes(bytesOf(), outcome.value), 'the same definition gives the same bytes')
    }
    if (kind !== 0) takePart(received)
  },
}

/** What a client does that got this from a server: it refuses, or answers with an empty record, which fits everything. */
function takePart(received: unknown): void {
  const checked = outcomeOf(() => checkStatistics(received, REQUIREMENTS))
  if ('error' in checked) {
    ensure(checked.error.fault === 'server', 'bad statistics are the server’s fault')
    return
  }
  const statistics = checked.value
  const again = checkStatistics(JSON.parse(JSON.stringify(statistics)), REQUIREMENTS)
  ensure(JSON.stringify(again) === JSON.stringify(statistics), 'statistics that travel stay the same')
  const { clients, privacy } = statistics
  const occasion = {
    sessionId: new Uint8Array(16),
    adversary: 'honest-but-curious',
    corruptClients: 0,
    minimumCohort: clients,
  } as const
  if (clients < 2) return
  // An encoder of noise takes a while to prepare.
  if (privacy === undefined) encodeRecords({}, openStatistics(statistics, occasion))
  else openStatistics(statistics, occasion)
}
