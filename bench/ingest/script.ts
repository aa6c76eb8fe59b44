import { createHash } from 'node:crypto'
import type { RoundConfig } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../../src/protocol/keys.js'
import { type ElementRange, sliceCount, sliceRange } from '../../src/vector/segments.js'

/** What every client puts in, in every element. */
export const INPUT = 3

/** The seed of every client's self-mask, and all shares of it: the polynomial is constant. */
const SEED = new Uint8Array(16).fill(7)

const [HEADER, KEY, PAIR, ENTRY] = [2, 32, 64, 68] as const

interface MaskSeed {
  readonly seed: Uint8Array
  readonly sign: 1 | -1
}

/**
 * A client that is a script. It sends the bytes that the server expects, and does nothing else: what it seals to others is zero,
 * and it makes only the masks that do not cancel out, which are its own and those with clients that drop out. Its messages are as
 * long as those of a real client, and the server can do nothing less with them. It remembers only its neighbors.
 */
export class ScriptedClient {
  readonly #config: RoundConfig
  readonly #crypto: CryptoProvider
  readonly #seat: number
  readonly #drops: (seat: number) => boolean
  #neighbors: Uint32Array = new Uint32Array(0)

  /** `drops`: whether a seat drops out before it sends its vector. */
  constructor(config: RoundConfig, crypto: CryptoProvider, seat: number, drops: (seat: number) => boolean) {
    this.#config = config
    this.#crypto = crypto
    this.#seat = seat
    this.#drops = drops
  }

  async advertiseKeys(): Promise<Uint8Array> {
    const maskKey = await this.#maskKey(this.#seat)
    return Buffer.concat([Uint8Array.of(2, 1), this.#config.hash, publicKey(this.#seat, 'c'), maskKey])
  }

  async shareKeys(published: Uint8Array): Promise<Uint8Array> {
    const view = new DataView(published.buffer, published.byteOffset, published.length)
    const count = view.getUint16(HEADER, true)
    const seats = Array.from({ length: count }, (_, index) =>
      view.getUint32(HEADER + 2 + ENTRY * index, true),
    )
    this.#neighbors = Uint32Array.from(seats.filter((seat) => seat !== this.#seat))
    const message = new Uint8Array(HEADER + KEY + PAIR * this.#neighbors.length)
    message.set([2, 3])
    message.set(await this.#derive('commitment'), HEADER)
    return message
  }

  /** The messages with the masked vector: one, or one for each slice. */
  async *vector(): AsyncGenerator<Uint8Array> {
    const { segments, sliceLength } = this.#config
    const slices = sliceCount(segments, sliceLength)
    const seeds = await this.#maskSeeds()
    for (let slice = 0; slice < slices; slice++) {
      const header = slices === 1 ? Uint8Array.of(2, 5) : Uint8Array.of(2, 10, 0, 0, 0, 0)
      if (slices > 1) new DataView(header.buffer).setUint32(HEADER, slice, true)
      const elements = await this.#masked(seeds, sliceRange(segments, sliceLength, slice))
      yield Buffer.concat([header, new Uint8Array(elements.buffer)])
    }
  }

  unmasking(): Uint8Array {
    const isComplete = this.#neighbors.length === this.#config.clients - 1
    const owners = [...this.#neighbors, this.#seat].sort((a, b) => a - b)
    const bits = new Uint8Array(Math.ceil(owners.length / 8))
    const shares: Uint8Array[] = []
    for (const [index, owner] of owners.entries()) {
      // On the sparse graph, a client has no share of its own secret.
      if (owner === this.#seat && !isComplete) continue
      bits[index >>> 3]! |= 1 << (index & 7)
      shares.push(this.#drops(owner) ? privateKey(owner) : SEED)
    }
    return Buffer.concat([Uint8Array.of(2, 9), bits, ...shares])
  }

  async #maskSeeds(): Promise<readonly MaskSeed[]> {
    const [config, crypto, own] = [this.#config, this.#crypto, this.#seat]
    const ownHolder = { seat: own, publicKey: await this.#maskKey(own) }
    const seeds: MaskSeed[] = [{ seed: await deriveSelfMaskSeed(config, crypto, SEED, own), sign: 1 }]
    for (const seat of this.#neighbors) {
      if (!this.#drops(seat)) continue
      const [agreement] = await crypto.x25519.sharedSecrets(privateKey(seat), [ownHolder.publicKey])
      const holder = { seat, publicKey: await this.#maskKey(seat) }
      const seed = await derivePairwiseSeed(config, crypto, agreement!, ownHolder, holder)
      seeds.push({ seed, sign: own > seat ? 1 : -1 })
    }
    return seeds
  }

  async #masked(seeds: readonly MaskSeed[], { from, to }: ElementRange): Promise<Uint32Array> {
    const elements = new Uint32Array(to - from).fill(INPUT)
    for (const { seed, sign } of seeds) {
      // A keystream begins at a multiple of 64 bytes.
      const begin = 64 * Math.floor((4 * from) / 64)
      const stream = await this.#crypto.suites.aes!.keystream(seed, begin).next(4 * to - begin)
      const mask = new Uint32Array(stream.slice(4 * from - begin).buffer)
      for (let index = 0; index < elements.length; index++) {
        elements[index] = elements[index]! + sign * mask[index]!
      }
    }
    return elements
  }

  #derive(label: string): Promise<Uint8Array> {
    const name = Buffer.from(`secagg 2 ${label}`)
    const info = Buffer.concat([
      Uint8Array.of(name.length),
      name,
      new Uint8Array(Uint32Array.of(this.#seat).buffer),
    ])
    return this.#crypto.sha256.hkdf(SEED, this.#config.hash, info, KEY)
  }

  /** The server recovers the private keys of clients that drop out, so those must be real. */
  async #maskKey(seat: number): Promise<Uint8Array> {
    return this.#drops(seat) ? this.#crypto.x25519.publicKey(privateKey(seat)) : publicKey(seat, 's')
  }
}

function privateKey(seat: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${seat} private`).digest())
}

/** A different key for each seat and use. Any bytes below 2^255 − 19 are one. */
function publicKey(seat: number, use: string): Uint8Array {
  const key = new Uint8Array(createHash('sha256').update(`${seat} ${use}`).digest())
  key[31]! &= 63
  return key
}
