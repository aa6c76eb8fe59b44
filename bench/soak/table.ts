import type { MemorySample, Trend } from './memory.js'
import type { SoakedRound } from './round.js'

const COLUMNS = [
  ['round', 5],
  ['ending', 17],
  ['slices', 6],
  ['U1', 5],
  ['U2', 5],
  ['U3', 5],
  ['U5', 5],
  ['sent', 7],
  ['accepted', 8],
  ['repeated', 8],
  ['busy', 6],
  ['refused', 7],
  ['late', 6],
  ['lost', 6],
  ['letters', 7],
  ['seconds', 7],
  ['heap', 6],
  ['arrays', 6],
  ['RSS', 6],
] as const

export function header(): string {
  return COLUMNS.map(([name, width]) => name.padStart(width)).join(' ')
}

/** One line for a round; `refused` without the late ones, memory in MiB. */
export function line(
  { round, ending, slices, sizes, tally }: SoakedRound,
  seconds: number,
  { heap, arrays, resident }: MemorySample,
): string {
  const { accepted, duplicate, busy, refused } = tally.receipts
  const late = tally.refusals['late-message'] ?? 0
  const cells = [
    round,
    ending,
    slices,
    ...[0, 1, 2, 3].map((step) => sizes[step] ?? '–'),
    tally.sent,
    accepted,
    duplicate,
    busy,
    refused - late,
    late,
    tally.lost,
    tally.letters.sent,
    seconds.toFixed(1),
    mebibytes(heap),
    mebibytes(arrays),
    mebibytes(resident),
  ]
  return cells.map((cell, column) => String(cell).padStart(COLUMNS[column]![1])).join(' ')
}

export function trendLine(name: string, { mean, slope, isFlat }: Trend): string {
  const part = ((100 * slope) / mean).toFixed(2)
  const kibibytes = (slope / 2 ** 10).toFixed(1)
  return `${name.padEnd(8)} ${mebibytes(mean)} MiB, ${kibibytes} KiB a round (${part} %): ${isFlat ? 'flat' : 'GROWING'}`
}

/** All counts of all rounds together. */
export class Totals {
  readonly #counts = new Map<string, number>()

  add({ tally }: SoakedRound): void {
    this.#count('sent', tally.sent)
    this.#count('lost with their connection', tally.lost)
    for (const [status, count] of Object.entries(tally.receipts)) this.#count(status, count)
    for (const [code, count] of Object.entries(tally.refusals)) this.#count(`refused: ${code}`, count)
    for (const [fate, count] of Object.entries(tally.letters)) this.#count(`letters ${fate}`, count)
  }

  toString(): string {
    const rows = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))
    return rows.map(([name, count]) => `${name.padEnd(34)} ${String(count).padStart(9)}`).join('\n')
  }

  #count(name: string, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
