// Usage: npm run bench:against -- CHECKOUT --shape 500x1e5:k=58,t=33,drop=0.3 [--shape …] [--samples 3] [--rounds 2] [--timed 10]
// Times whole rounds with this checkout and with another one, which must be built: processor time of the server and of a client,
// and memory. The programs of the bench are the same for both. Each sample is a process. The two builds take turns, so that
// other work on the machine affects both.
//
// A shape is CLIENTSxLENGTH, then `:` and options: `k` and `t` of the sparse graph, or of the chosen one with `active`; `drop`,
// the fraction of the clients that drop out before they send their vector. Without `k` the graph is complete. With `scripted`,
// clients cost nearly nothing and only the server is timed, for rounds of up to a hundred thousand clients.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BuildTask, BuildTime } from './one-build.js'
import { parseShape } from './shape.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shape: { type: 'string', multiple: true, default: ['100x1e5', '500x1e5', '500x1e5:k=58,t=33'] },
    samples: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '2' },
    timed: { type: 'string', default: '10' },
  },
})
const other = positionals[0]
if (other === undefined) throw new Error('name the checkout to compare with')

const here = fileURLToPath(new URL('..', import.meta.url))
const settings = mkdtempSync(join(tmpdir(), 'secagg-against-'))
try {
  const builds = [resolve(other), here].map((checkout, index) => settingsFor(checkout, `${index}.json`))
  for (const shape of values.shape) compare(shape, builds as [string, string])
} finally {
  rmSync(settings, { recursive: true })
}

function compare(text: string, builds: readonly [string, string]): void {
  const task: BuildTask = {
    shape: parseShape(text),
    scripted: text.includes('scripted'),
    timed: Number(values.timed),
    rounds: Number(values.rounds),
  }
  const times: [BuildTime[], BuildTime[]] = [[], []]
  for (let sample = 0; sample < Number(values.samples); sample++) {
    for (const index of [0, 1] as const) times[index].push(measure(task, builds[index]))
  }
  const part = (of: (time: BuildTime) => number, digits: number): string => {
    const [before, now] = times.map((list) => median(list.map(of))) as [number, number]
    return `${now.toFixed(digits)} / ${before.toFixed(digits)} (${(now / before).toFixed(3)} ×)`
  }
  const server = part(({ serverMs }) => serverMs, 1)
  const client = part(({ clientMs }) => clientMs, 2)
  const memory = part(({ peakBytes }) => peakBytes / 2 ** 20, 0)
  console.log(`${text.padEnd(28)} server ms ${server}, client ms ${client}, MiB ${memory}`)
}

function measure(task: BuildTask, tsconfig: string): BuildTime {
  const args = ['--import', 'tsx', join(here, 'bench/one-build.ts'), JSON.stringify(task)]
  const output = execFileSync(process.execPath, args, {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(output) as BuildTime
}

/** A tsconfig that maps the entries of the package to the build in a checkout. */
function settingsFor(checkout: string, name: string): string {
  const { exports } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    exports: Record<string, { readonly default: string } | string>
  }
  const paths = Object.fromEntries(
    Object.entries(exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[`secagg${entry.slice(1)}`, [join(checkout, target.default)]]],
    ),
  )
  const file = join(settings, name)
  writeFileSync(
    file,
    JSON.stringify({ extends: join(here, 'bench/tsconfig.json'), compilerOptions: { paths } }),
  )
  return file
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
