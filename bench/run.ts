// Usage: npm run bench [-- --json FILE] [--samples COUNT] [--seconds SECONDS]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { maskPlans, rawKeystream } from './mask-kernel.js'
import { measure, type Result } from './measure.js'
import { memoryOfRounds } from './memory.js'
import { packings } from './packing.js'

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    samples: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '120' },
  },
})
const limits = { samples: Number(values.samples), seconds: Number(values.seconds) }

/** Gives the memory of a piece back: a closed port takes ownership and drops it. */
const { port1 } = new MessageChannel()
port1.close()
const free = ({ buffer }: Uint8Array): void => port1.postMessage(null, [buffer as ArrayBuffer])

const groups = [
  {
    title: 'Masks: 100 terms on 4 MiB of lanes (2^20 elements of 32 bits), one thread',
    candidates: [rawKeystream(100, free), rawKeystream(100), ...maskPlans()],
  },
  {
    title: 'Packing: 4 MiB of lanes, beside the keystream of one mask',
    candidates: [rawKeystream(1, free), ...packings()],
  },
]

function line({ name, lowerQuartile, ratio, samples }: Result): string {
  const milliseconds = (lowerQuartile / 1e6).toFixed(3).padStart(8)
  return `  ${name.padEnd(44)} ${milliseconds} ms a vector ${ratio.toFixed(2).padStart(7)} × ${samples} samples`
}

const report: Record<string, Result[]> = {}
for (const { title, candidates } of groups) {
  const results = await measure(candidates, limits)
  report[title] = results
  console.log([title, ...results.map(line), ''].join('\n'))
}
const memory = memoryOfRounds([10, 40, 160])
console.log('Peak memory of a whole round in one process, vectors of 4 MiB')
for (const { clients, peakBytes, vectors } of memory) {
  const mebibytes = (peakBytes / 2 ** 20).toFixed(0)
  console.log(
    `  ${clients.toString().padStart(4)} clients ${mebibytes.padStart(6)} MiB ${vectors.toFixed(0).padStart(6)} vectors`,
  )
}

if (values.json !== undefined) {
  const machine = { node: process.version, arch: process.arch, platform: process.platform }
  writeFileSync(values.json, `${JSON.stringify({ machine, limits, report, memory }, undefined, 2)}\n`)
}
