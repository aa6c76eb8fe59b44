import type { RoundConfig } from '../protocol/index.js'
import { messageLimits } from '../session/message-limits.js'
import { elementCount } from '../vector/index.js'

/** The longest messages that common transports take unless they are told to take longer ones. */
const TRANSPORTS: readonly { readonly bytes: number; readonly name: string }[] = [
  { bytes: 2 ** 17, name: 'WebSockets through AWS API Gateway (128 KiB)' },
  { bytes: 2 ** 18, name: 'WebRTC data channels (256 KiB)' },
  { bytes: 2 ** 20, name: 'HTTP requests through nginx, and the Python package websockets (1 MiB)' },
  { bytes: 100 * 2 ** 20, name: 'the package ws (100 MiB)' },
]

const ONE_ELEMENT = { length: 1, bits: 1, bound: 'modular' } as const

/** Bytes of a message that are no elements, at most. */
const HEADROOM = 1024

/** A vector may go in so many. */
const MAXIMUM_SLICES = 2 ** 16

/** Which common transports refuse messages of the round, and what would make these shorter; nothing where none does. */
export function messageWarnings(config: RoundConfig): string[] {
  // With a vector of one element, what is left is keys and shares.
  const other = messageLimits({ ...config, sliceLength: undefined, segments: [ONE_ELEMENT] })
  const control = Math.max(other.fromClient, other.fromServer)
  const whole = messageLimits(config).fromClient
  const warnings: string[] = []
  if (whole > other.fromClient && refusing(whole) !== '') {
    const part =
      config.sliceLength === undefined
        ? 'A masked vector goes in one message'
        : 'A slice of a masked vector is a message'
    warnings.push(
      `${part} of ${whole} bytes. By default that is refused by ${refusing(whole)}. ${remedy(config)}`,
    )
  }
  if (refusing(control) !== '') {
    const graph = config.graph.kind === 'complete' ? 'Fewer clients, or the sparse graph,' : 'Fewer neighbors'
    warnings.push(
      `A message with keys or shares has up to ${control} bytes. By default that is refused by ${refusing(control)}. ` +
        `${graph} would make it shorter.`,
    )
  }
  return warnings
}

function refusing(bytes: number): string {
  return TRANSPORTS.filter((transport) => bytes > transport.bytes)
    .map(({ name }) => name)
    .join('; ')
}

/** Slices of a power of two elements that all transports take, or as short as there may be. */
function remedy(config: RoundConfig): string {
  const bits = Math.max(...config.segments.map((segment) => segment.bits))
  const room = 8 * (TRANSPORTS[0]!.bytes - HEADROOM)
  const fewest = elementCount(config.segments) / MAXIMUM_SLICES
  const sliceLength = 2 ** Math.max(Math.floor(Math.log2(room / bits)), Math.ceil(Math.log2(fewest)))
  const { fromClient } = messageLimits({ ...config, sliceLength })
  return `With sliceLength: ${sliceLength} it would go in messages of ${fromClient} bytes.`
}
