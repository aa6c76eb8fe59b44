import * as vega from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { PAPER } from './paper.js'
import type { BenchReport } from './tables.js'

/** Every plot of docs/performance.md, as SVG, by its file name. */
export async function plots(report: BenchReport): Promise<Record<string, string>> {
  const drawn: Record<string, string> = { 'paper.svg': await svg(besidePaper(report)) }
  for (const [name, axis] of Object.entries(GROWTH)) {
    drawn[`${name}.svg`] = await svg(growth(report, name, axis))
  }
  return drawn
}

const GROWTH: Readonly<Record<string, { readonly field: string; readonly title: string }>> = {
  clients: { field: 'clients', title: 'clients n' },
  elements: { field: 'length', title: 'elements m' },
  dropouts: { field: 'dropouts', title: 'share of clients that drop out' },
}

/** Processor time of both parties on both graphs, as one thing grows. */
function growth(
  report: BenchReport,
  name: string,
  { field, title }: { field: string; title: string },
): TopLevelSpec {
  const values = (report.growth[name] ?? []).flatMap((round) =>
    (['server', 'client'] as const).map((party) => ({
      x: round[field as 'clients'],
      ms: round[party].ms,
      series: `${party}, ${round.graph}`,
    })),
  )
  const isFraction = field === 'dropouts'
  return {
    ...SHEET,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title,
        scale: isFraction ? {} : { type: 'log', nice: false },
        axis: { grid: false, ...(isFraction ? { format: '%' } : {}) },
      },
      y: { field: 'ms', type: 'quantitative', title: 'milliseconds', scale: { type: 'log' } },
      color: { field: 'series', type: 'nominal', title: null, legend: { labelLimit: 300 } },
    },
  }
}

/** The server's time over the share of dropouts, the paper's and ours, complete graph, 10^5 elements. */
function besidePaper({ rounds }: BenchReport): TopLevelSpec {
  const ours = rounds
    .filter(({ graph, clients, length }) => graph === 'complete' && length === 1e5 && clients >= 500)
    .map(({ clients, dropouts, server }) => ({
      series: `here, n = ${clients}`,
      dropouts,
      ms: server.ms,
    }))
  const theirs = PAPER.flatMap(({ clients, serverMs }) =>
    Object.entries(serverMs).map(([dropouts, ms]) => ({
      series: `paper, n = ${clients}`,
      dropouts: Number(dropouts),
      ms,
    })),
  )
  return {
    ...SHEET,
    data: { values: [...ours, ...theirs].map(({ ms, ...point }) => ({ ...point, seconds: ms / 1000 })) },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'dropouts',
        type: 'quantitative',
        title: 'share of clients that drop out',
        axis: { format: '%', grid: false },
      },
      y: { field: 'seconds', type: 'quantitative', title: 'server, seconds', scale: { type: 'log' } },
      color: { field: 'series', type: 'nominal', title: null, legend: { labelLimit: 300 } },
    },
  }
}

const SHEET = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  width: 420,
  height: 240,
  background: 'white',
  padding: 10,
} as const

async function svg(spec: TopLevelSpec): Promise<string> {
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' })
  const drawn = await view.toSVG()
  view.finalize()
  return drawn
}
