import { createCipheriv, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { split } from 'shamir-secret-sharing'
import { freePiece } from './mask-kernel.js'
import { type Candidate, measure } from './measure.js'

/** What the machine does at best, in milliseconds; timed right after the round that is held against it. */
export interface RawCosts {
  /** AES-128-CTR of `node:crypto`, a stream as long as the vector, its pieces left to the garbage collector. */
  readonly keystream: number
  /** The same with every piece freed at once, the fastest way known. */
  readonly freedKeystream: number
  /** X25519 of `node:crypto` with a public key that comes as bytes. */
  readonly agreement: number
  /** `shamir-secret-sharing`: a secret of 32 bytes and one of 16, for as many holders; 0 where it has no field for them. */
  readonly split: number
}

const PIECE_BYTES = 128 * 1024
const SAMPLES = { samples: 15, seconds: 10 }

/** Lower quartiles. */
export async function timeRawCosts(
  vectorBytes: number,
  holders: number,
  threshold: number,
): Promise<RawCosts> {
  const { privateKey } = generateKeyPairSync('x25519')
  const publicKeys = Array.from({ length: 100 }, () =>
    generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
  )
  const results = await measure(
    [
      keystreams('plain', vectorBytes),
      keystreams('freed', vectorBytes, freePiece),
      {
        name: 'agreement',
        units: publicKeys.length,
        run: () => {
          for (const key of publicKeys) {
            diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) })
          }
        },
      },
      {
        name: 'split',
        units: 1,
        run: async () => {
          if (holders > 255) return
          await split(new Uint8Array(32), holders, threshold)
          await split(new Uint8Array(16), holders, threshold)
        },
      },
    ],
    SAMPLES,
  )
  const [keystream, freedKeystream, agreement, splits] = results.map(
    ({ lowerQuartile }) => lowerQuartile / 1e6,
  )
  return {
    keystream: keystream!,
    freedKeystream: freedKeystream!,
    agreement: agreement!,
    split: holders > 255 ? 0 : splits!,
  }
}

/** Some tens of streams of one vector each. */
function keystreams(name: string, vectorBytes: number, free?: (piece: Uint8Array) => void): Candidate {
  const zeros = new Uint8Array(PIECE_BYTES)
  const streams = Math.max(Math.ceil((64 * 2 ** 20) / vectorBytes), 1)
  return {
    name,
    units: streams,
    run: () => {
      for (let stream = 0; stream < streams; stream++) {
        const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(stream), new Uint8Array(16))
        for (let done = 0; done < vectorBytes; done += PIECE_BYTES) {
          const piece = cipher.update(zeros.subarray(0, vectorBytes - done))
          free?.(piece)
        }
      }
    },
  }
}
