import type { Result } from '../measure.js'
import type { RoundResult } from '../rounds.js'
import type { TrafficResult } from '../traffic.js'
import type { ProcessResult } from '../whole-process.js'
import { PAPER } from './paper.js'

/** What `--json` writes. */
export interface BenchReport {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number }
  readonly timedClients: number | 'all'
  readonly micro: Record<string, { readonly title: string; readonly results: readonly Result[] }>
  readonly rounds: RoundResult[]
  readonly growth: Record<string, RoundResult[]>
  readonly traffic: TrafficResult[]
  readonly memory: ProcessResult[]
  readonly slices: ProcessResult[]
  readonly large: ProcessResult[]
}

/** The tables of docs/performance.md, by the name of the place that each is put in. */
function tables(report: BenchReport): Record<string, string> {
  return {
    machine: machineLine(report),
    rounds: roundsTable(report),
    paper: paperTable(report),
    traffic: trafficTable(report),
    processes: processTable(report),
    ...Object.fromEntries(
      Object.entries(report.micro).map(([part, { results }]) => [part, microTable(results)]),
    ),
  }
}

/** The document with every `<!-- name -->` … `<!-- end -->` filled in. */
export function fillIn(document: string, report: BenchReport): string {
  const filled = tables(report)
  return document.replaceAll(/<!-- (\w+) -->\n[\s\S]*?<!-- end -->/g, (place, name: string) => {
    const table = filled[name]
    return table === undefined ? place : `<!-- ${name} -->\n\n${table}\n\n<!-- end -->`
  })
}

function machineLine({ machine, timedClients }: BenchReport): string {
  const { node, cpu, cores } = machine
  return `${cpu}, ${cores} cores, Node ${node.slice(1)}; in each round, ${timedClients} clients and the whole server are timed.`
}

function roundsTable({ rounds }: BenchReport): string {
  return table(
    ['graph', 'n', 'm', 'k', 'dropouts', 'server', 'ratio', 'strict', 'client', 'ratio', 'strict'],
    rounds.map(({ graph, clients, length, neighbors, dropouts, server, client }) => [
      graph,
      clients,
      power(length),
      graph === 'sparse' ? neighbors : '',
      percent(dropouts),
      seconds(server.ms),
      ratio(server.ratio),
      ratio(server.strictRatio),
      seconds(client.ms),
      ratio(client.ratio),
      ratio(client.strictRatio),
    ]),
  )
}

function paperTable({ rounds }: BenchReport): string {
  const find = (clients: number, dropouts: number): RoundResult | undefined =>
    rounds.find(
      (round) =>
        round.graph === 'complete' &&
        round.clients === clients &&
        round.length === 1e5 &&
        round.dropouts === dropouts,
    )
  return table(
    ['n', 'dropouts', 'server, paper', 'server, here', 'client, paper', 'client, here'],
    PAPER.flatMap(({ clients, clientMs, serverMs }) =>
      Object.entries(serverMs).map(([dropouts, ms]) => {
        const round = find(clients, Number(dropouts))
        return [
          clients,
          percent(Number(dropouts)),
          seconds(ms),
          round === undefined ? '' : seconds(round.server.ms),
          seconds(clientMs),
          round === undefined ? '' : seconds(round.client.ms),
        ]
      }),
    ),
  )
}

function trafficTable({ traffic }: BenchReport): string {
  return table(
    ['graph', 'neighbors', 'control', 'masked vector', 'relative to clear vector', 'limit'],
    traffic.map(({ graph, neighbors, controlBytes, vectorBytes, expansion, limit }) => [
      graph,
      neighbors,
      `${controlBytes} bytes`,
      `${vectorBytes} bytes`,
      `${expansion.toFixed(4)} ×`,
      `${limit} ×`,
    ]),
  )
}

function processTable({ memory, slices, large }: BenchReport): string {
  return table(
    ['clients', 'elements', 'slice length', 'seconds', 'peak memory', 'peak in vectors'],
    [...memory, ...slices, ...large].map(({ clients, length, sliceLength, seconds, peakBytes, vectors }) => [
      clients,
      length,
      sliceLength ?? '',
      seconds.toFixed(1),
      `${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
      vectors < 1000 ? vectors.toFixed(vectors < 10 ? 2 : 0) : '',
    ]),
  )
}

function microTable(results: readonly Result[]): string {
  return table(
    ['', 'lower quartile', 'median', 'ratio'],
    results.map(({ name, lowerQuartile, median, ratio: over }) => [
      name,
      milliseconds(lowerQuartile),
      milliseconds(median),
      ratio(over),
    ]),
  )
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n')
}

function power(count: number): string {
  const exponent = Math.log10(count)
  return Number.isInteger(exponent) ? `10^${exponent}` : `${count}`
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 3 : ms < 10_000 ? 2 : 1)} s`
}

function milliseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(4)} ms`
}

function ratio(value: number): string {
  return `${value.toFixed(2)} ×`
}
