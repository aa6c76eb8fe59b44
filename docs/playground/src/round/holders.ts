import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { RoundConfig } from 'secagg'

/** The holders that the client at `seat` has chosen with this seed, ascending: Sample, as the specification has it. */
export function holdersOf(config: RoundConfig, seat: number, seed: Uint8Array): readonly number[] {
  const { clients, hash, graph } = config
  if (graph.kind !== 'chosen') return []
  const label = utf8ToBytes('secagg choose holders')
  const prefix = concatBytes(Uint8Array.of(label.length), label, hash, littleEndian(seat), seed)
  const words = wordsOf(prefix)
  const chosen = new Set<number>()
  for (let last = clients - 1 - graph.neighbors; last < clients - 1; last++) {
    const choices = last + 1
    let word = words.next().value
    while (word >= 2 ** 32 - (2 ** 32 % choices)) word = words.next().value
    const drawn = word % choices
    chosen.add(chosen.has(drawn) ? last : drawn)
  }
  // The numbers drawn skip the client's own seat.
  return [...chosen].map((index) => (index < seat ? index : index + 1)).sort((a, b) => a - b)
}

function* wordsOf(prefix: Uint8Array): Generator<number, never> {
  for (let counter = 0; ; counter++) {
    const block = new DataView(sha256(concatBytes(prefix, littleEndian(counter))).buffer)
    for (let at = 0; at < block.byteLength; at += 4) yield block.getUint32(at, true)
  }
}

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}
