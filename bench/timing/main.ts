// Usage: npm run timing [-- --measurements COUNT] [--seconds SECONDS] [--only TEXT,…] [--markdown]
import { parseArgs } from 'node:util'
import { comparisons, negativeControl, positiveControl } from './controls.js'
import { measureClasses, type Operation } from './harness.js'
import { primitives } from './primitives.js'
import { samplers } from './samplers.js'
import { sharings } from './sharing.js'
import { vectors } from './vectors.js'
import { compareClasses, type Verdict } from './welch.js'

const { values } = parseArgs({
  options: {
    measurements: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    markdown: { type: 'boolean', default: false },
  },
})
const limits = { measurements: Number(values.measurements), seconds: Number(values.seconds) }

/** As in dudect: above CERTAIN the classes almost certainly differ; below SEEN no difference was seen. */
const SEEN = 4.5
const CERTAIN = 10

const operations = [...comparisons, ...sharings, ...vectors, ...(await primitives()), ...samplers()].filter(
  ({ name }) => values.only.split(',').some((part) => name.includes(part)),
)

// The controls run first and last, because other load on the machine may change what can be seen.
const before = await controls()
for (const operation of operations) await report(operation)
const after = await controls()
if (!before || !after) {
  console.log('The controls gave the wrong answer, so these results mean nothing.')
  process.exitCode = 1
}

async function controls(): Promise<boolean> {
  const positive = await report(positiveControl)
  const negative = await report(negativeControl)
  return Math.abs(positive.t) > CERTAIN && Math.abs(negative.t) < SEEN
}

async function report(operation: Operation): Promise<Verdict> {
  const verdict = compareClasses(await measureClasses(operation, limits))
  const { t, kept, measurements, ratio } = verdict
  const size = Math.abs(t)
  const words = size < SEEN ? 'no difference seen' : size < CERTAIN ? 'unclear' : 'differs'
  const { name, classes, construction } = operation
  const difference = `${(100 * (ratio - 1)).toFixed(2)} %`
  console.log(
    values.markdown
      ? `| ${[name, classes, construction, size.toFixed(1), difference, measurements, words].join(' | ')} |`
      : `${name.padEnd(66)} |t| ${size.toFixed(1).padStart(8)} ${difference.padStart(10)} of ${measurements}, cropped to ${kept.toFixed(3)}: ${words} (${classes})`,
  )
  return verdict
}
