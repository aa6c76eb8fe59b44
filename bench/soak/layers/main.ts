// Usage: npm run soak:layers [-- --rounds N] [--only NAME]
// Goes through many rounds of every layer, one layer after the other, and tells whether memory stays flat.
import { parseArgs } from 'node:util'
import { type MemorySample, sampleMemory } from '../memory.js'
import { layers } from './layers.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '2000' }, only: { type: 'string' } },
})
const rounds = Number(values.rounds)

/** Bytes a round that count as flat: less than the smallest object that could be kept, with what holds it. */
const FLAT = 100
const SAMPLES = 20

/** Bytes a round, as the median over all pairs of samples, so that a single large one means nothing. */
function growthOf(samples: readonly MemorySample[], kind: 'heap' | 'arrays', roundsBetween: number): number {
  const slopes = samples.flatMap((sample, index) =>
    samples.slice(index + 1).map((later, gap) => (later[kind] - sample[kind]) / ((gap + 1) * roundsBetween)),
  )
  return slopes.sort((a, b) => a - b)[slopes.length >> 1]!
}

console.log(`${rounds} rounds of each layer; bytes a round after the first quarter`)
let failed = false
for (const [name, open] of Object.entries(layers)) {
  if (values.only !== undefined && !name.includes(values.only)) continue
  const layer = await open({})
  const between = Math.ceil((0.75 * rounds) / SAMPLES)
  const samples: MemorySample[] = []
  const start = performance.now()
  for (let round = 0; round < rounds; round++) {
    await layer.run(round, () => {})
    // The first quarter, in which code is compiled and pools fill, does not count.
    if (round >= rounds / 4 && round % between === 0) samples.push(await sampleMemory())
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
