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
  type Vector,
  vectorInRange,
} from '../vector/index.js'
import { unpack } from '../vector/packing.js'
import { countElements, sliceCount, sliceRange } from '../vector/segments.js'
import { BLOCK_ELEMENTS } from './group.js'
import { addChecks, type Checks, checksOf, equalChecks, type SealedGroup } from './group-messages.js'

/** Whose partial sum it is. Another epoch of the same group has other members. */
interface Source {
  readonly group: number
  /** From 1. */
  readonly epoch: number
}

/**
 * The partial sums of the groups of a round, on the coordinator's disk: one packed block at a time, so that memory does not
 * grow with the vector. A group's number takes the place of a seat in the store, and a block's that of a slice. Blocks are
 * numbered on from epoch to epoch, so that a write which is late never replaces the block of a later epoch.
 */
export class PartialSums {
  readonly #segments: readonly Segment[]
  readonly #store: SliceStore
  readonly #blocks: number
  /** The fingerprints of the verified blocks, by group and epoch: what the store returns later must be the same. */
  readonly #marks = new Map<string, Uint8Array[]>()

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
    source: Source,
    sealed: SealedGroup,
    fetch: (index: number) => Promise<Uint8Array>,
  ): Promise<void> {
    await this.#using(() => this.#store.discard(source.group))
    await this.#verify(source, sealed, async (index) => {
      const block = Uint8Array.from(await fetch(index))
      // The store owns what it is given.
      await this.#using(() => this.#store.put(source.group, this.#numberOf(source, index), block.slice()))
      return block
    })
  }

  /** Whether the stored blocks of a group are those that were sealed. */
  async has(source: Source, sealed: SealedGroup): Promise<boolean> {
    try {
      await this.#verify(source, sealed, (index) => this.#block(source, index))
      return true
    } catch (error) {
      if (error instanceof SecAggError && error.code === 'malformed-message') return false
      throw error
    }
  }

  /** A new vector with the sum of the groups' elements in `range`. */
  async sumOf(groups: readonly Source[], range?: ElementRange): Promise<Vector> {
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
        const elements = unpack(await this.#verified(group, index), within)
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
    source: Source,
    { digest, checks }: SealedGroup,
    read: (index: number) => Promise<Uint8Array>,
  ): Promise<void> {
    const segments = this.#segments
    const hash = sha256.create()
    const marks: Uint8Array[] = []
    this.#marks.delete(nameOf(source))
    const found: Checks = new BigUint64Array(2 * segments.length)
    for (let index = 0; index < this.#blocks; index++) {
      const block = await read(index)
      const range = sliceRange(segments, BLOCK_ELEMENTS, index)
      const elements = unpack(block, segmentsInRange(segments, range))
      addChecks(found, checksOf(elements, segments, range))
      hash.update(block)
      marks.push(fingerprint(block))
    }
    if (!equalBytes(hash.digest(), digest))
      throw damaged('the blocks of a partial sum do not belong together')
    if (!equalChecks(found, checks, segments)) {
      throw damaged('a partial sum is not the sum of the vectors that have arrived')
    }
    this.#marks.set(nameOf(source), marks)
  }

  async #verified(source: Source, index: number): Promise<Uint8Array> {
    const block = await this.#block(source, index)
    const mark = this.#marks.get(nameOf(source))?.[index]
    if (mark !== undefined && equalBytes(fingerprint(block), mark)) return block
    throw usageError('storage-failure', 'a block of a partial sum is not what was stored')
  }

  async #block(source: Source, index: number): Promise<Uint8Array> {
    const block = await this.#using(() => this.#store.get(source.group, this.#numberOf(source, index)))
    if (!(block instanceof Uint8Array))
      throw usageError('storage-failure', 'a block of a partial sum is lost')
    return block
  }

  #numberOf({ epoch }: Source, index: number): number {
    return (epoch - 1) * this.#blocks + index
  }

  async #using<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw new SecAggError('storage-failure', 'usage', 'the store of partial sums has failed', { cause })
    }
  }
}

function nameOf({ group, epoch }: Source): string {
  return `${group} ${epoch}`
}

function damaged(text: string): SecAggError {
  return new SecAggError('malformed-message', 'peer', text)
}
