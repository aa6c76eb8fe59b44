import type { Lanes } from './segments.js'

/**
 * Moves elements between lanes, which are plain arrays, and their packed form. They have fewer bits than their lanes;
 * only in `add` may they have all.
 */
export interface Packer {
  /** Packs the low `bits` bits of each lane into `packed`, ⌈length · bits / 8⌉ bytes. */
  pack(lanes: Lanes, bits: number, packed: Uint8Array): void
  /** Adds as many `packed` elements to the lanes, wrapping. */
  add(lanes: Lanes, bits: number, packed: Uint8Array): void
  /** The same for lanes that are all zero, which need not be read for it. */
  unpack(lanes: Lanes, bits: number, packed: Uint8Array): void
}
