import type { Outcome } from './runtime.js'

const INTRODUCTION = `# Where it runs

\`npm run check:runtimes -- --write\` writes this page. It packs the package and runs whole rounds on each runtime: both adversary
models, both suites, five clients of which one drops out. A runtime works if each of the four sums is right, and if two
threads, where there are any, make the same mask as the calling thread.

- **provider**: what [\`defaultCrypto\`](api/crypto.api.md) chooses for \`aes\` and for \`chacha\`. It is one name if both are the same.
- **kernels**: whether the inner loops run in WebAssembly or in TypeScript.
- **threads**: how many of the two requested threads run. With 0, the calling thread does the work.
- **aes**, **chacha**: the speed of masking 2^20 elements of 32 bits on one thread, relative to BASELINE in the same run.
  Higher is faster. It is missing where the clock of the runtime stands still during work. The machine was busy with other work,
  so that a figure can be off by half.
- **faster**: the suite that \`fastestSuite\` measures as faster. Tasks of \`planRound\` with \`suite: 'fastest'\` use such answers.

`

/** The contents of docs/compatibility.md. */
export function compatibilityOf(outcomes: readonly Outcome[]): string {
  const baseline = outcomes.find(({ runtime, report }) => runtime === 'Node 24' && report !== undefined)
  const rows = outcomes.map((outcome) => rowOf(outcome, baseline))
  const notes = outcomes.flatMap(noteOf)
  return [
    INTRODUCTION.replace('BASELINE', baseline === undefined ? 'nothing' : `Node ${baseline.version}`),
    '| runtime | version | where | works | provider | kernels | threads | aes | chacha | faster |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...rows,
    ...(notes.length === 0 ? [] : ['\n## What does not work\n\n', ...notes]),
  ].join('')
}

function rowOf({ runtime, setting, version, state, report }: Outcome, baseline: Outcome | undefined): string {
  const { aes, chacha } = report?.provider ?? { aes: '', chacha: '' }
  const ratio = (suite: 'aes' | 'chacha'): string => {
    const [here, there] = [report?.milliseconds?.[suite], baseline?.report?.milliseconds?.[suite]]
    return here === undefined || there === undefined ? '' : (there / here).toFixed(2)
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

/** Why something does not work, or has no threads. */
function noteOf({ runtime, setting, failure, report }: Outcome): string[] {
  const rounds = Object.entries(report?.rounds ?? {}).flatMap(([round, result]) =>
    result === true ? [] : [`the round ${round}: ${result}`],
  )
  const ports = report === undefined || report.ports === true ? [] : [`message ports: ${report.ports}`]
  const threads = report?.threads.failure === undefined ? [] : [`threads: ${report.threads.failure}`]
  return [...(failure === undefined ? [] : [failure]), ...rounds, ...ports, ...threads].map(
    (note) => `- ${runtime}, ${setting}: ${note.replace(/\s+/g, ' ')}\n`,
  )
}
