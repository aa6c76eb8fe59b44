import * as P from 'micro-packed'
import { requireObject } from '../arguments.js'
import { ascii, isBytes, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import type { GraphShape } from '../graph/index.js'
import { PROTOCOL_VERSION } from '../wire/index.js'
import type { BoundedSegment, RoundConfig } from './config.js'

const LABEL = 'secagg configuration'

/** 0 stands for wrapping arithmetic, since a bound is at least 1; 2^64 needs the ninth byte. */
const bound: P.CoderType<BoundedSegment['bound']> = P.apply(P.bigint(9, true, false), {
  encode: (value: bigint) => (value === 0n ? 'modular' : value),
  decode: (value: BoundedSegment['bound']) => (value === 'modular' ? 0n : value),
})

const configuration = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  suite: P.map(P.U8, { aes: 1, chacha: 2 }),
  adversary: P.map(P.U8, { 'honest-but-curious': 1, active: 2 }),
  /** k, or 0 for the complete graph. */
  neighbors: P.U32LE,
  /** γ, δ and σ; zeros where nothing is assumed. */
  corruptFraction: P.F64LE,
  dropoutFraction: P.F64LE,
  statisticalSecurity: P.U16LE,
  sessionId: P.bytes(P.U8),
  clients: P.U32LE,
  threshold: P.U32LE,
  minimumCohort: P.U32LE,
  /** One more than n_C, or 0 where n_C is not stated. */
  corruptClients: P.U32LE,
  signatureLength: P.U16LE,
  /** 0 where a vector goes in one message. */
  sliceLength: P.U64LE,
  segments: P.array(P.U16LE, P.struct({ length: P.U64LE, bits: P.U8, bound })),
  contextHash: P.bytes(32),
})

/** The canonical encoding whose SHA-256 is the configuration hash. */
export function encodeConfiguration(config: Omit<RoundConfig, 'hash'>): Uint8Array {
  return configuration.encode({
    ...config,
    label: ascii(LABEL),
    version: PROTOCOL_VERSION,
    ...encodableGraph(config.graph),
    corruptClients: config.corruptClients === undefined ? 0 : config.corruptClients + 1,
    sliceLength: BigInt(config.sliceLength ?? 0),
    segments: config.segments.map((segment) => ({ ...segment, length: BigInt(segment.length) })),
  })
}

function encodableGraph(graph: GraphShape) {
  const { neighbors, assumptions } = graph.kind === 'complete' ? COMPLETE : graph
  return {
    neighbors,
    corruptFraction: assumptions?.corruptFraction ?? 0,
    dropoutFraction: assumptions?.dropoutFraction ?? 0,
    statisticalSecurity: assumptions === undefined ? 0 : (assumptions.statisticalSecurity ?? 40),
  }
}

const COMPLETE = { neighbors: 0, assumptions: undefined } as const

const context = P.array(P.U32LE, P.struct({ name: P.bytes(P.U16LE), value: P.bytes(P.U32LE) }))

/** The context's parts, ordered by name, each with its length: no two contexts have the same encoding. */
export function encodeContext(parts: Readonly<Record<string, Uint8Array>>): Uint8Array {
  requireObject('a context', parts, 'invalid-configuration')
  const prototype = Object.getPrototypeOf(parts)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw usageError('invalid-configuration', 'context must be a plain object whose values are Uint8Arrays')
  }
  const names = Object.keys(parts).sort((a, b) => (a < b ? -1 : 1))
  return context.encode(
    names.map((name) => {
      if (!/^[\x20-\x7e]{1,255}$/.test(name)) {
        throw usageError(
          'invalid-configuration',
          'a name in context must be 1 to 255 printable ASCII characters',
        )
      }
      const value: unknown = parts[name]
      if (!isBytes(value)) {
        throw usageError('invalid-configuration', `context.${name} must be a Uint8Array`)
      }
      if (value.length >= 2 ** 32) {
        throw usageError('invalid-configuration', `context ${name} has 2^32 bytes or more`, {
          got: value.length,
        })
      }
      return { name: ascii(name), value: plainBytes(value) }
    }),
  )
}
