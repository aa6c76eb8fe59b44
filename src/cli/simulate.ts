import { readFileSync } from 'node:fs'
import process from 'node:process'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import { PHASES, type PhaseName } from '../errors.js'
import { withPostQuantum } from '../post-quantum/index.js'
import { type Drop, type SimulationOptions, type SimulationResult, simulate } from '../simulate/index.js'
import { createMaskPool } from '../workers/index.js'
import { oneOf, readOptions, UsageProblem, wholeNumber } from './options.js'

export const SIMULATE_USAGE = `Usage: secagg simulate [OPTIONS]

Runs clients and a server in this process, with the real messages, and prints what each phase costs.

  --clients N          number of clients, 2 to 65535 (default 10)
  --length M           elements of a vector (default 1000)
  --bits K             bits of an element, 1 to 64; the sum is modulo 2^K (default 32)
  --value-bits B       bits of an input value, at most K; below K, a sum that could overflow is refused
                       (default K: the sum wraps around)
  --threshold T        number of shares that recover a secret (default: the minimum of the model; with
                       --neighbors more than half of them, and more than two thirds if active)
  --neighbors K        sparse graph: each client shares secrets and masks with K others, an even number; if
                       active, each client chooses K holders of its secrets (default: complete graph)
  --slice-length L     send masked vectors in slices of L elements, 64 or more (default: whole)
  --workers W          threads that make masks, 0 to 64 (default 0: the main thread)
  --adversary MODEL    honest-but-curious (default) or active
  --suite SUITE        aes (default) or chacha
  --key-agreement NAME x25519 (default) or x25519-ml-kem-768, which also protects against quantum computers
  --drop PHASE:COUNT   COUNT clients drop out before they answer in PHASE: advertise-keys, share-keys, masked-input,
                       consistency-check (active only) or unmasking; can be repeated
  --seed S             determines the inputs and who drops out, but not the keys (default 1)
  --json               print one JSON object instead of the table

Times are in milliseconds. Times and bytes per client are medians. The exit code is 2 if options are wrong, and 1 if too
few clients are left to finish the round.
`

/** `secagg simulate`. */
export async function simulateCommand(args: readonly string[]): Promise<void> {
  const { options, workers, json } = parse(args)
  const progress = progressOn(process.stderr)
  const pool = workers > 0 ? await createMaskPool({ workers }) : undefined
  let result: SimulationResult
  try {
    const crypto = await providerFor(options)
    result = await simulate({ ...options, crypto, maskExecutor: pool?.execute, onProgress: progress?.show })
  } finally {
    progress?.clear()
    await pool?.close()
  }
  const peakMemoryBytes = peakMemory()
  process.stdout.write(
    json ? `${JSON.stringify({ ...result, peakMemoryBytes })}\n` : simulationTable(result, peakMemoryBytes),
  )
}

/** The provider for a round with hybrid key agreement; otherwise the default. */
async function providerFor({ keyAgreement, suite }: SimulationOptions): Promise<CryptoProvider | undefined> {
  return keyAgreement === 'x25519' ? undefined : withPostQuantum(await defaultCrypto(suite))
}

function parse(args: readonly string[]): { options: SimulationOptions; workers: number; json: boolean } {
  const values = readOptions('simulate', args, {
    clients: { type: 'string', default: '10' },
    length: { type: 'string', default: '1000' },
    bits: { type: 'string', default: '32' },
    'value-bits': { type: 'string' },
    threshold: { type: 'string' },
    neighbors: { type: 'string' },
    'slice-length': { type: 'string' },
    workers: { type: 'string', default: '0' },
    adversary: { type: 'string', default: 'honest-but-curious' },
    suite: { type: 'string', default: 'aes' },
    'key-agreement': { type: 'string', default: 'x25519' },
    drop: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  })
  const bits = wholeNumber('bits', values.bits, 1, 64)
  const valueBits = values['value-bits']
  const { threshold, neighbors, 'slice-length': sliceLength } = values
  const options: SimulationOptions = {
    clients: wholeNumber('clients', values.clients, 2, 65535),
    length: wholeNumber('length', values.length, 1, 2 ** 28),
    bits,
    valueBits: valueBits === undefined ? bits : wholeNumber('value-bits', valueBits, 1, bits),
    neighbors: neighbors === undefined ? undefined : wholeNumber('neighbors', neighbors, 2, 65534),
    threshold: threshold === undefined ? undefined : wholeNumber('threshold', threshold, 2, 65535),
    sliceLength:
      sliceLength === undefined ? undefined : wholeNumber('slice-length', sliceLength, 64, 2 ** 28),
    adversary: oneOf('adversary', values.adversary, ['honest-but-curious', 'active']),
    suite: oneOf('suite', values.suite, ['aes', 'chacha']),
    keyAgreement: oneOf('key-agreement', values['key-agreement'], ['x25519', 'x25519-ml-kem-768']),
    drops: values.drop.map(dropOf),
    seed: wholeNumber('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
  }
  return { options, workers: wholeNumber('workers', values.workers, 0, 64), json: values.json }
}

function dropOf(text: string): Drop {
  const [phase = '', count, ...rest] = text.split(':')
  if (count === undefined || rest.length > 0) {
    throw new UsageProblem(`--drop must be PHASE:COUNT, not ${JSON.stringify(text.slice(0, 40))}`)
  }
  return { phase: oneOf('drop', phase, PHASES), count: wholeNumber('drop', count, 0, 65535) }
}

/** The peak memory of this process. On Linux, `maxRSS` would include memory of the process that started this one. */
function peakMemory(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kibibytes !== undefined) return Number(kibibytes) * 1024
  } catch {
    // not on Linux
  }
  return process.resourceUsage().maxRSS * 1024
}

/** Shows progress in a line that is rewritten in place; `undefined` if the stream is not a terminal. */
function progressOn(
  stream: NodeJS.WriteStream,
): { show: (phase: PhaseName, served: number, clients: number) => void; clear: () => void } | undefined {
  if (!stream.isTTY) return undefined
  const CLEAR_LINE = '\r\x1b[2K'
  return {
    show: (phase, served, clients) => {
      stream.write(`${CLEAR_LINE}${phase}: client ${served} of ${clients}`)
    },
    clear: () => {
      stream.write(CLEAR_LINE)
    },
  }
}

/** The result of a simulation as a table. */
export function simulationTable(result: SimulationResult, peakMemoryBytes: number): string {
  const { clients, survivors, length, bits, threshold, neighbors, exact, expansion } = result
  const relation = result.adversary === 'active' ? 'holders that each client chooses' : 'neighbors'
  const graph = neighbors === clients - 1 ? 'complete graph' : `sparse graph of ${neighbors} ${relation}`
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
  const header = ['phase', 'client', 'server', 'up', 'down', 'dropped']
  return [
    `${clients} clients, ${length} elements of ${bits} bits`,
    `${graph}, threshold ${threshold}, ${result.adversary}, suite ${result.suite}${result.keyAgreement === 'x25519' ? '' : ' with ML-KEM-768'}`,
    '',
    ...aligned([header, ...rows, totals]),
    '',
    `sum of ${survivors} survivors: ${exact ? 'exact' : 'WRONG'}`,
    `traffic per client: ${expansion.toFixed(2)} times its values in the clear`,
    `peak memory: ${bytes(peakMemoryBytes)}`,
    '',
  ].join('\n')
}

/** Pads each column to one width. The first column is aligned to the left, the others to the right. */
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
