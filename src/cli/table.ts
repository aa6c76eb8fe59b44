import type { SimulationResult } from '../simulate/index.js'

/** The result of a simulation for people. */
export function simulationTable(result: SimulationResult, peakMemoryBytes: number): string {
  const { clients, survivors, length, bits, threshold, neighbors, exact, expansion } = result
  const graph = neighbors === clients - 1 ? 'complete graph' : `sparse graph of ${neighbors} neighbors`
  const rows = result.phases.map(({ name, sent, clientMs, serverMs, bytesUp, bytesDown }, index) => {
    const before = result.phases[index - 1]?.sent ?? clients
    return [
      name,
      milliseconds(clientMs),
      milliseconds(serverMs),
      bytes(bytesUp),
      bytes(bytesDown),
      `${before - sent}`,
    ]
  })
  const totals = ['all', milliseconds(result.clientMs), milliseconds(result.serverMs)]
  totals.push(bytes(sum(result.phases.map(({ bytesUp }) => bytesUp))))
  totals.push(bytes(sum(result.phases.map(({ bytesDown }) => bytesDown))))
  totals.push(`${clients - (result.phases.at(-1)?.sent ?? clients)}`)
  const header = ['message', 'client', 'server', 'up', 'down', 'dropped']
  return [
    `${clients} clients, ${length} elements of ${bits} bits`,
    `${graph}, threshold ${threshold}, ${result.adversary}, suite ${result.suite}`,
    '',
    ...aligned([header, ...rows, totals]),
    '',
    `sum over ${survivors} survivors: ${exact ? 'exact' : 'WRONG'}`,
    `traffic: ${expansion.toFixed(2)} times the values in the clear`,
    `peak memory: ${bytes(peakMemoryBytes)}`,
    '',
  ].join('\n')
}

/** Columns padded to one width; the first to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 2 : 0)} ms`
}

function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let scaled = value
  let unit = 0
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
