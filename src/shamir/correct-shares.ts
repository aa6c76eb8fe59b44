import {
  type Field,
  type Logarithms,
  logarithms,
  logOfDifferences,
  type MultiplicationTables,
  multiplicationTables,
  multiply,
} from './field.js'

/** Finds wrong shares at given coordinates. One locator is enough for all owners whose shares have these coordinates. */
export interface ErrorLocator {
  /**
   * The indices of the wrong shares among r shares, if at most ⌊(r − t)/2⌋ are wrong, with t = `threshold`. The other shares
   * then lie on a polynomial of degree below t, and no other polynomial of this degree has as many shares on it. If more are
   * wrong, the result is `undefined`, or the indices of shares whose removal leaves the others on another polynomial.
   *
   * Shares on a polynomial of degree below t also lie on polynomials of higher degree. So the caller may pass a higher
   * threshold. Fewer wrong shares are then located, in less time: the time grows with r − t.
   *
   * `columns` has one array per element of a share, with this element of all shares. A wrong share may have wrong elements
   * in some of the columns only.
   */
  locate(columns: readonly Uint16Array[], threshold: number): readonly number[] | undefined
}

/**
 * Creates a locator of wrong shares. For each element, the shares at distinct coordinates are a code word of a generalized
 * Reed–Solomon code. Errors are located from its syndromes with Massey's algorithm (IEEE Transactions on Information Theory,
 * 1969). The syndromes of right shares are all zero for every secret. So syndromes depend only on the errors, and what is
 * computed from them is not secret.
 */
export function errorLocator(field: Field, coordinates: readonly number[]): ErrorLocator {
  const logs = logarithms(field)
  const syndromesOf = syndromes(field, logs, coordinates)
  return {
    locate: (columns, threshold) => {
      const most = Math.max(coordinates.length - threshold, 0)
      // Π (1 − x·X) over the coordinates x of the errors found so far.
      let locator: readonly number[] = [1]
      for (const column of columns) {
        const unknown = withoutKnown(logs, syndromesOf(column, most), locator)
        if (unknown.every((syndrome) => syndrome === 0)) continue
        locator = product(logs, locator, shortestRecurrence(logs, unknown))
        if (2 * (locator.length - 1) > most) return undefined
      }
      if (locator.length === 1) return []
      // The roots of the reversed polynomial are the coordinates of the errors.
      const wrong = coordinates.flatMap((x, index) => (valueAt(logs, locator, x) === 0 ? [index] : []))
      return wrong.length === locator.length - 1 ? wrong : undefined
    },
  }
}

/** Shares as columns: one array per element of a share, with this element of all shares. */
export function columnsOf(field: Field, shares: readonly Uint8Array[]): Uint16Array[] {
  const size = field.bits / 8
  return Array.from({ length: shares[0]!.length / size }, (_, element) =>
    Uint16Array.from(shares, (share) =>
      size === 1 ? share[element]! : share[2 * element]! | (share[2 * element + 1]! << 8),
    ),
  )
}

/**
 * Returns a function that computes Σ y_i · x_i^j / Π_{m≠i} (x_i − x_m) for j from 0 to `count` − 1. The sums up to
 * j = r − t − 1 are all zero if and only if the values y_i lie on a polynomial of degree below t. The values are secret, so
 * products with them are looked up by nibbles.
 */
function syndromes(
  field: Field,
  logs: Logarithms,
  coordinates: readonly number[],
): (values: Uint16Array, count: number) => Uint16Array {
  const { exp, order } = logs
  const factors = coordinates.map((x) => exp[order - (logOfDifferences(logs, coordinates, x) % order)]!)
  const tables = multiplicationTables(field, coordinates)
  return (values, count) => {
    const sums = new Uint16Array(count)
    values.forEach((value, i) => {
      addPowers(field, sums, multiply(field, factors[i]!, value), tables, i)
    })
    return sums
  }
}

/** Adds `first` · x^j to sum j for every j, for the x at `index` of the tables. */
function addPowers(
  field: Field,
  sums: Uint16Array,
  first: number,
  tables: MultiplicationTables,
  index: number,
): void {
  const at = 4 * field.bits * index
  let term = first
  if (field.bits === 8) {
    for (let j = 0; j < sums.length; j++) {
      sums[j]! ^= term
      term = tables[at + (term & 15)]! ^ tables[at + 16 + (term >>> 4)]!
    }
    return
  }
  for (let j = 0; j < sums.length; j++) {
    sums[j]! ^= term
    term =
      tables[at + (term & 15)]! ^
      tables[at + 16 + ((term >>> 4) & 15)]! ^
      tables[at + 32 + ((term >>> 8) & 15)]! ^
      tables[at + 48 + (term >>> 12)]!
  }
}

/** The syndromes without the effect of the known errors, those of `locator`. Each known error costs one syndrome. */
function withoutKnown(logs: Logarithms, sums: Uint16Array, locator: readonly number[]): Uint16Array {
  const known = locator.length - 1
  return known === 0
    ? sums
    : Uint16Array.from({ length: Math.max(sums.length - known, 0) }, (_, j) =>
        locator.reduce((sum, factor, k) => sum ^ times(logs, factor, sums[j + known - k]!), 0),
      )
}

/** The shortest Λ with Λ_0 = 1 and Σ_j Λ_j · S_{k−j} = 0 for every k from the degree of Λ on (Massey's algorithm). */
function shortestRecurrence(logs: Logarithms, sequence: Uint16Array): readonly number[] {
  const { log, exp, order } = logs
  const room = sequence.length + 1
  const current = new Uint16Array(room)
  let previous = new Uint16Array(room)
  current[0] = 1
  previous[0] = 1
  let length = 0
  let shift = 1
  let lastDiscrepancy = 1
  for (let k = 0; k < sequence.length; k++, shift++) {
    let discrepancy = 0
    for (let j = 0; j <= length; j++) discrepancy ^= times(logs, current[j]!, sequence[k - j]!)
    if (discrepancy === 0) continue
    const factor = exp[log[discrepancy]! + order - log[lastDiscrepancy]!]!
    const before = 2 * length > k ? undefined : current.slice()
    for (let j = shift; j <= k + 1; j++) current[j]! ^= times(logs, factor, previous[j - shift]!)
    if (before === undefined) continue
    length = k + 1 - length
    previous = before
    lastDiscrepancy = discrepancy
    shift = 0
  }
  return Array.from(current.subarray(0, length + 1))
}

function product(logs: Logarithms, one: readonly number[], other: readonly number[]): number[] {
  const result = new Array<number>(one.length + other.length - 1).fill(0)
  one.forEach((a, i) => {
    other.forEach((b, j) => {
      result[i + j]! ^= times(logs, a, b)
    })
  })
  return result
}

/** The value of the reversed polynomial at x: Σ_k locator_k · x^(degree − k). */
function valueAt(logs: Logarithms, locator: readonly number[], x: number): number {
  return locator.reduce((value, coefficient) => times(logs, value, x) ^ coefficient, 0)
}

function times({ log, exp }: Logarithms, a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : exp[log[a]! + log[b]!]!
}
