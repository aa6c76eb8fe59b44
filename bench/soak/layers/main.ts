// Usage: npm run soak:layers [-- --rounds N] [--only NAME]
// Goes through many rounds of every layer, one layer after the other, and tells whether memory stays flat.
import { parseArgs } from 'node:util'
import { type MemorySample, sampleMemory } from '../memory.js'
import { layers } from './layers.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '2000' }, only: { type: 'string' } },
})
const rounds = Number(values.rounds)

/**
 * Bytes a round that count as flat. What engines note of code as it runs comes to up to 300 bytes a round in 2000 rounds,
 * and to less the more there are; an object of a round that is held comes to more, with what hangs on it.
 */
const FLAT = 500
const SAMPLES = 20

/** Bytes a round, as the median over all pairs of samples, so that a single large one means nothing. */
function growthOf(samples: readonly MemorySample[], kind: 'heap' | 'arrays', roundsBetween: number): number {
  const slopes = samples.flatMap((sample, index) =>
    samples.slice(index + 1).map((later, gap) => (later[kind] - sample[kind]) / ((gap + 1) * roundsBetween)),
  )
  return slopes.sort((a, b) => a - b)[slopes.length >> 1]!
}

console.log(`${rounds} rounds of each layer; bytes a round in the second half`)
let failed = false
for (const [name, open] of Object.entries(layers)) {
  if (values.only !== undefined && !name.includes(values.only)) continue
  const layer = await open({})
  const between = Math.ceil(rounds / 2 / SAMPLES)
  const samples: MemorySample[] = []
  const start = performance.now()
  for (let round = 0; round < rounds; round++) {
    await layer.run(round, () => {})
    // The first half, in which code is compiled and pools fill, does not count.
    if (round >= rounds / 2 && round % between === 0) samples.push(await sampleMemory())
  }
  await layer.close?.()
  const growth = (['heap', 'arrays'] as const).map((kind) => growthOf(samples, kind, between))
  const isFlat = growth.every((bytes) => bytes < FLAT)
  failed ||= !isFlat
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  const [heap, arrays] = growth.map((bytes) => bytes.toFixed(0).padStart(7))
  const mebibytes = (samples.at(-1)!.heap / 2 ** 20).toFixed(1)
  console.log(
    `${name.padEnd(24)} heap ${heap}, arrays ${arrays}; heap ${mebibytes} MiB, ${seconds} s: ${isFlat ? 'flat' : 'GROWING'}`,
  )
}
process.exitCode = failed ? 1 : 0
