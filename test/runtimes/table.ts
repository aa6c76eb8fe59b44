import { readCompatibility, rowsIn, tableOf } from '../support/compatibility.js'
import type { Outcome } from './runtime.js'

const BUSY = 'The machine was busy with other work, so that a figure can be off by a factor of two or three.'

const introduction = (isBusy: boolean): string => `# Where it runs

\`npm run check:runtimes -- --write\` writes this page. It packs the package and runs whole rounds on each runtime: both adversary
models, both suites, five clients of which one drops out. A runtime works if each of the four sums is right, if two threads,
where there are any, make the same mask as the calling thread, and if all providers answer as they do in Node when they are asked
about valid and invalid keys, signatures and messages.

- **provider**: what [\`defaultCrypto\`](api/crypto.api.md) chooses for \`aes\` and for \`chacha\`. It is one name if both are the same.
- **kernels**: whether the inner loops run in WebAssembly or in TypeScript.
- **threads**: how many of the two requested threads run. With 0, the calling thread does the work.
- **aes**, **chacha**: the speed of masking 2^20 elements of 32 bits on one thread, relative to the fastest Node in the
  same run. Higher is faster. It is missing where the clock of the runtime stands still during work, or where the measurement was
  interrupted.${isBusy ? ` ${BUSY}` : ''}
- **faster**: the suite that \`fastestSuite\` measures as faster. Tasks of \`planRound\` with \`suite: 'fastest'\` use such answers.

`

const HEAD = [
  'runtime',
  'version',
  'where',
  'works',
  'provider',
  'kernels',
  'threads',
  'aes',
  'chacha',
  'faster',
] as const
const HEAD_OF_NOTES = ['what is missing', 'where'] as const

/** A runtime and a setting. */
type Place = Pick<Outcome, 'runtime' | 'setting'>

const nameOf = ({ runtime, setting }: Place): string => `${runtime} (${setting})`

/** How the part of docs/compatibility.md about runtimes is written. */
interface Writing {
  /** What was tried. The rows of other runtimes stay as they are. */
  readonly outcomes: readonly Outcome[]
  /** Runtimes that are only what the speeds are relative to. */
  readonly baseline: readonly Outcome[]
  /** All runtimes, in the order of the table. */
  readonly all: readonly Place[]
  /** Whether the machine did other work meanwhile. */
  readonly isBusy: boolean
}

/** The part of docs/compatibility.md about runtimes. */
export function compatibilityOf({ outcomes, baseline, all, isBusy }: Writing): string {
  const page = readCompatibility('runtimes')
  const rows = new Map(rowsIn(page, HEAD).map((row) => [nameOf({ runtime: row[0]!, setting: row[2]! }), row]))
  const notes = new Map<string, Set<string>>()
  for (const [note, places] of rowsIn(page, HEAD_OF_NOTES)) notes.set(note!, new Set(places!.split('; ')))

  const tried = [...baseline, ...outcomes]
  for (const outcome of outcomes) {
    const name = nameOf(outcome)
    // What was seen with another machine is still true.
    if (outcome.state === 'missing' && rows.has(name)) continue
    rows.set(
      name,
      rowOf(outcome, (suite) => fastestNode(tried, suite)),
    )
    for (const places of notes.values()) places.delete(name)
    for (const note of notesOf(outcome)) notes.set(note, (notes.get(note) ?? new Set()).add(name))
  }

  const names = all.map(nameOf)
  const found = [...notes].map(([note, places]) => [note, names.filter((name) => places.has(name))] as const)
  const isAll = all.length === outcomes.length
  return [
    introduction(isBusy || (!isAll && page.includes(BUSY))),
    tableOf(
      HEAD,
      names.map((name) => rows.get(name)).filter((row) => row !== undefined),
    ),
    '\n## What is missing\n\n',
    tableOf(
      HEAD_OF_NOTES,
      found.filter(([, places]) => places.length > 0).map(([note, places]) => [note, places.join('; ')]),
    ),
  ].join('')
}

type Suite = 'aes' | 'chacha'

/** The time of a mask in the fastest version of Node, in milliseconds. */
function fastestNode(outcomes: readonly Outcome[], suite: Suite): number {
  const times = outcomes
    .filter(({ runtime }) => runtime.startsWith('Node '))
    .map(({ report }) => report?.milliseconds?.[suite] ?? Number.POSITIVE_INFINITY)
  return Math.min(...times)
}

function rowOf(
  { runtime, setting, version, state, report }: Outcome,
  baseline: (suite: Suite) => number,
): string[] {
  const { aes, chacha } = report?.provider ?? { aes: '', chacha: '' }
  const ratio = (suite: Suite): string => {
    const here = report?.milliseconds?.[suite]
    const ofNode = baseline(suite)
    return here === undefined || ofNode === Number.POSITIVE_INFINITY ? '' : (ofNode / here).toPrecision(2)
  }
  return [
    runtime,
    version ?? '',
    setting,
    state === 'works' ? 'yes' : state === 'missing' ? 'not tried: missing' : '**no**',
    aes === chacha ? aes : `${aes}, ${chacha}`,
    report?.kernels ?? '',
    report === undefined ? '' : `${report.threads.count}`,
    ratio('aes'),
    ratio('chacha'),
    report?.fastest ?? '',
  ]
}

/** What does not work, and why there are no threads. */
function notesOf({ failure, report }: Outcome): string[] {
  const rounds = Object.entries(report?.rounds ?? {}).flatMap(([round, result]) =>
    result === true ? [] : [`the round ${round}: ${result}`],
  )
  const ports = report === undefined || report.ports === true ? [] : [`message ports: ${report.ports}`]
  const threads =
    report?.threads.failure === undefined
      ? []
      : [report.threads.failure.replace(/^SecAggError: | \(.*$/g, '')]
  return [...(failure === undefined ? [] : [failure]), ...rounds, ...ports, ...threads].map((note) =>
    note.replace(/\s+/g, ' '),
  )
}
