import type { Outcome } from './runtime.js'

const INTRODUCTION = `# Where it runs

\`npm run check:runtimes -- --write\` writes this page. It packs the package and runs whole rounds on each runtime: both adversary
models, both suites, five clients of which one drops out. A runtime works if each of the four sums is right, and if two
threads, where there are any, make the same mask as the calling thread.

- **provider**: what [\`defaultCrypto\`](api/crypto.api.md) chooses for \`aes\` and for \`chacha\`. It is one name if both are the same.
- **kernels**: whether the inner loops run in WebAssembly or in TypeScript.
- **threads**: how many of the two requested threads run. With 0, the calling thread does the work.
- **aes**, **chacha**: the speed of masking 2^20 elements of 32 bits on one thread, relative to the fastest Node in the
  same run. Higher is faster. It is missing where the clock of the runtime stands still during work, or where the measurement was
  interrupted. The machine was busy with other work, so that a figure can be off by a factor of two or three.
- **faster**: the suite that \`fastestSuite\` measures as faster. Tasks of \`planRound\` with \`suite: 'fastest'\` use such answers.

`

/** The contents of docs/compatibility.md. */
export function compatibilityOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => rowOf(outcome, (suite) => fastestNode(outcomes, suite)))
  const notes = new Map<string, string[]>()
  for (const outcome of outcomes) {
    const where = `${outcome.runtime} (${outcome.setting})`
    for (const note of notesOf(outcome)) notes.set(note, [...(notes.get(note) ?? []), where])
  }
  return [
    INTRODUCTION,
    '| runtime | version | where | works | provider | kernels | threads | aes | chacha | faster |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...rows,
    '\n## What is missing\n\n',
    ...[...notes].map(([note, where]) => `- ${note}: ${where.join('; ')}.\n`),
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
): string {
  const { aes, chacha } = report?.provider ?? { aes: '', chacha: '' }
  const ratio = (suite: Suite): string => {
    const here = report?.milliseconds?.[suite]
    const ofNode = baseline(suite)
    return here === undefined || ofNode === Number.POSITIVE_INFINITY ? '' : (ofNode / here).toPrecision(2)
  }
  const cells = [
    runtime.replace(/ \d+$/, ''),
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
  return `| ${cells.join(' | ')} |\n`
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
