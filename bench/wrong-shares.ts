// Usage: npm run bench:shares [-- --clients 300,600 --samples 15 --seed 1]
// Reconstruction of the secrets of a round on the complete graph in which everybody survives: an honest one, and what
// cheating clients can make of it, in multiples of the honest one.
import { parseArgs } from 'node:util'
import { SecAggError } from 'secagg'
import { nodeCrypto } from 'secagg/crypto'
import { server } from 'secagg/protocol'
import { type Random, randomOf } from '../test/support/seeded.js'
import { SCATTERED, SHARE_ATTACKS, type ShareAttack } from '../test/support/share-attacks.js'
import { answersOf, copyOfShares, type WaitingServer, waitingServer } from '../test/support/waiting-server.js'
import { costOf } from './cost.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '300,600' },
    samples: { type: 'string', default: '15' },
    seed: { type: 'string', default: '1' },
  },
})
const crypto = nodeCrypto()!

const HONEST: ShareAttack = { name: 'nobody cheats', cheating: () => [], spoil: () => undefined, ends: 'sum' }
const PHASES = [HONEST, ...SHARE_ATTACKS, SCATTERED]

/** Milliseconds of processor time, and how it ended. */
async function reconstruct(round: WaitingServer, { spoil }: ShareAttack, random: Random) {
  const shares = copyOfShares(round)
  spoil(shares, round, random)
  const answers = answersOf(round, shares)
  globalThis.gc?.()
  return costOf(async () => {
    try {
      const { state } = await server.reconstructSecrets(round.state, answers, { crypto })
      return `sum; ${state.wrongShares.length} pairs and ${state.culprits.length} culprits reported`
    } catch (error) {
      if (!(error instanceof SecAggError)) throw error
      return `${error.code}; ${error.culprits.length} culprits named`
    }
  })
}

for (const clients of values.clients.split(',').map(Number)) {
  const round = await waitingServer({ clients, corruptClients: Math.floor(clients / 10) }, crypto)
  const { threshold, correctable } = round
  console.log(`${clients} clients, t = ${threshold}, ⌊(n − t)/2⌋ = ${correctable}`)
  const random = randomOf(Number(values.seed))
  const costs = PHASES.map((): number[] => [])
  const endings: string[] = []
  // In turn, so that what else the machine does falls on all of them alike. The first time, code is compiled.
  for (let sample = 0; sample <= Number(values.samples); sample++) {
    for (const [index, attack] of PHASES.entries()) {
      const { value, cost } = await reconstruct(round, attack, random)
      if (sample > 0) costs[index]!.push(cost)
      endings[index] = value
    }
  }
  // The least of them, as what else the machine does only adds to it.
  const least = costs.map((samples) => Math.min(...samples))
  for (const [index, { name }] of PHASES.entries()) {
    const [ms, ratio] = [least[index]!, least[index]! / least[0]!].map((number) => number.toFixed(2))
    console.log(`  ${name.padEnd(100)} ${ms!.padStart(8)} ms ${ratio!.padStart(6)} ×  ${endings[index]}`)
  }
}
