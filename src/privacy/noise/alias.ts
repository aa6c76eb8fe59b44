/**
 * Picks an index with probability its area / 2^digits from one random word (Walker's alias method). The areas are whole
 * and make up 2^digits, so nothing is rounded.
 */
export class AliasTable {
  private readonly drop: number
  private readonly columnDigits: number
  private readonly mask: number
  /** A column is all one index below this mark, and another one from it on. */
  private readonly marks: Uint32Array
  private readonly aliases: Uint32Array

  constructor(areas: readonly number[], digits: number) {
    const columns = 2 ** Math.max(32 - Math.clz32(areas.length - 1), 1)
    const capacity = 2 ** digits / columns
    this.drop = 32 - digits
    this.columnDigits = digits - (31 - Math.clz32(columns))
    this.mask = capacity - 1
    this.marks = new Uint32Array(columns)
    this.aliases = new Uint32Array(columns)
    const left = Array.from({ length: columns }, (_, index) => areas[index] ?? 0)
    const small = [...left.keys()].filter((index) => left[index]! < capacity)
    const large = [...left.keys()].filter((index) => left[index]! >= capacity)
    while (small.length > 0) {
      const index = small.pop()!
      const donor = large.at(-1)!
      this.marks[index] = left[index]!
      this.aliases[index] = donor
      left[donor]! -= capacity - left[index]!
      if (left[donor]! < capacity) small.push(large.pop()!)
    }
    for (const index of large) {
      this.marks[index] = capacity
      this.aliases[index] = index
    }
  }

  /** The index for a word that is uniform in [0, 2^32). */
  pick(word: number): number {
    const point = word >>> this.drop
    const column = point >>> this.columnDigits
    return (point & this.mask) < this.marks[column]! ? column : this.aliases[column]!
  }
}
