import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import type { SliceStore } from '../plane/masked-sum.js'
import {
  addInto,
  createVector,
  type ElementRange,
  fingerprint,
  reduceInto,
  type Segment,
  segmentsInRange,
  unpackVector,
  type Vector,
  vectorInRange,
} from '../vector/index.js'
import { countElements, sliceCount, sliceRange } from '../vector/segments.js'
import { BLOCK_ELEMENTS } from './group.js'
import { addChecks, type Checks, checksOf, equalChecks, type SealedGroup } from './group-messages.js'

/**
 * The partial sums of the groups of a round, on the coordinator's disk: one packed block at a time, so that memory does not
 * grow with the vector. A group's number takes the place of a seat in the store, and a block's that of a slice.
 */
export class PartialSums {
  readonly #segments: readonly Segment[]
  readonly #store: SliceStore
  readonly #blocks: number
  /** The fingerprints of the verified blocks of each group: what the store returns later must be the same. */
  readonly #marks = new Map<number, Uint8Array[]>()

  constructor(segments: readonly Segment[], store: SliceStore) {
    this.#segments = segments
    this.#store = store
    this.#blocks = sliceCount(segments, BLOCK_ELEMENTS)
  }

  /**
   * Stores the blocks of a sealed group, and checks that they are the sum of its members' vectors.
   * @throws {SecAggError} `storage-failure` if the store fails; `malformed-message` if blocks are damaged, or if a vector is
   *   missing from the sum or is in it twice. Whatever was stored is replaced by the next attempt.
   */
  async keep(
    group: number,
    sealed: SealedGroup,
    fetch: (index: number) => Promise<Uint8Array>,
  ): Promise<void> {
    await this.#using(() => this.#store.discard(group))
    await this.#verify(group, sealed, async (index) => {
      const block = Uint8Array.from(await fetch(index))
      // The store owns what it is given.
      await this.#using(() => this.#store.put(group, index, block.slice()))
      return block
    })
  }

  /** Whether the stored blocks of a group are those that were sealed. */
  async has(group: number, sealed: SealedGroup): Promise<boolean> {
    try {
      await this.#verify(group, sealed, (index) => this.#block(group, index))
      return true
    } catch (error) {
      if (error instanceof SecAggError && error.code === 'malformed-message') return false
      throw error
    }
  }

  /** A new vector with the sum of the groups' elements in `range`. */
  async sumOf(groups: readonly number[], range?: ElementRange): Promise<Vector> {
    const segments = this.#segments
    const { from, to } = range ?? { from: 0, to: countElements(segments) }
    const shape = segmentsInRange(segments, { from, to })
    const sum = createVector(shape)
    for (let index = 0; index < this.#blocks; index++) {
      const block = sliceRange(segments, BLOCK_ELEMENTS, index)
      const common = { from: Math.max(from, block.from), to: Math.min(to, block.to) }
      if (common.from >= common.to) continue
      const target = vectorInRange(sum, shape, { from: common.from - from, to: common.to - from })
      const within = segmentsInRange(segments, block)
      for (const group of groups) {
        const elements = unpackVector(await this.#verified(group, index), within)
        const part = { from: common.from - block.from, to: common.to - block.from }
        addInto(target, vectorInRange(elements, within, part), segmentsInRange(segments, common))
      }
    }
    reduceInto(sum, shape)
    return sum
  }

  /** Deletes what is stored of a group. Its failure harms nobody. */
  async discard(group: number): Promise<void> {
    await this.#using(() => this.#store.discard(group)).catch(() => undefined)
  }

  async #verify(
    group: number,
    { digest, checks }: SealedGroup,
    read: (index: number) => Promise<Uint8Array>,
  ): Promise<void> {
    const segments = this.#segments
    const hash = sha256.create()
    const marks: Uint8Array[] = []
    this.#marks.delete(group)
    const found: Checks = new BigUint64Array(2 * segments.length)
    for (let index = 0; index < this.#blocks; index++) {
      const block = await read(index)
      const range = sliceRange(segments, BLOCK_ELEMENTS, index)
      const elements = unpackVector(block, segmentsInRange(segments, range))
      addChecks(found, checksOf(elements, segments, range))
      hash.update(block)
      marks.push(fingerprint(block))
    }
    if (!equalBytes(hash.digest(), digest))
      throw damaged('the blocks of a partial sum do not belong together')
    if (!equalChecks(found, checks, segments)) {
      throw damaged('a partial sum is not the sum of the vectors that have arrived')
    }
    this.#marks.set(group, marks)
  }

  async #verified(group: number, index: number): Promise<Uint8Array> {
    const block = await this.#block(group, index)
    const mark = this.#marks.get(group)?.[index]
    if (mark !== undefined && equalBytes(fingerprint(block), mark)) return block
    throw usageError('storage-failure', 'a block of a partial sum is not what was stored')
  }

  async #block(group: number, index: number): Promise<Uint8Array> {
    const block = await this.#using(() => this.#store.get(group, index))
    if (!(block instanceof Uint8Array))
      throw usageError('storage-failure', 'a block of a partial sum is lost')
    return block
  }

  async #using<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw new SecAggError('storage-failure', 'usage', 'the store of partial sums has failed', { cause })
    }
  }
}

function damaged(text: string): SecAggError {
  return new SecAggError('malformed-message', 'peer', text)
}
