import type { Answers } from './clients.js'
import type { Draw } from './draw.js'
import { has, members, type Seats } from './seats.js'

// Which combinations of the honest inputs follow from the masked vectors. Masks that the server can compute are left
// out; every other mask is an unknown, and so is every input. What the server learns is the set of combinations of
// rows in which no unknown mask is left. Each pairwise mask stands in its rows with coefficients 1 and −1, as in the
// incidence matrix of a graph. All minors of such a matrix are 0, 1 or −1, so the answer is the same over the
// integers modulo 2^k and over any field; the game computes in a prime field.

const PRIME = 65_521

type Row = Int32Array<ArrayBuffer>

/** A basis of the combinations of inputs that come out, in reduced row echelon form: one coefficient per seat. */
export function leaked(draw: Draw, { masked, knownB, knownS, replacedKeys }: Answers): number[][] {
  const { n, honest } = draw
  const repeated = masked.length !== new Set(masked.map(({ seat }) => seat)).size
  // A vector whose mask from b is unknown and occurs nowhere else is of no use.
  const vectors = repeated ? masked : masked.filter(({ seat }) => has(knownB, seat))
  // Columns: the masks from b, those of each pair, then the inputs.
  const pairs = n + n * n
  const rows = vectors.map(({ seat: u, neighbors }) => {
    const row = new Int32Array(pairs + n)
    row[pairs + u] = 1
    if (!has(knownB, u)) row[u] = 1
    if (has(knownS, u)) return row
    for (const v of members(neighbors & honest & ~knownS & ~replacedKeys[u]!)) {
      const column = n + Math.min(u, v) * n + Math.max(u, v)
      row[column] = u > v ? 1 : PRIME - 1
    }
    return row
  })
  const used = new Set<number>()
  for (const row of rows) {
    for (let column = 0; column < pairs; column++) if (row[column] !== 0) used.add(column)
  }
  let rest = rows
  for (const column of used) rest = eliminate(rest, column)
  const basis: Row[] = []
  for (let column = pairs; column < pairs + n && rest.length > 0; column++) {
    const pivot = rest.find((row) => row[column] !== 0)
    if (pivot === undefined) continue
    rest = eliminate(rest, column)
    scale(pivot, inverse(pivot[column]!))
    for (const row of basis) subtract(row, pivot, row[column]!)
    basis.push(pivot)
  }
  return basis.map((row) => [...row.subarray(pairs)])
}

/** The seats whose inputs are added; undefined if the combination is not such a sum. */
export function summed(combination: readonly number[]): Seats | undefined {
  let seats = 0
  for (const [seat, coefficient] of combination.entries()) {
    if (coefficient > 1) return
    if (coefficient === 1) seats |= 1 << seat
  }
  return seats
}

/** The combinations of `rows` in which `column` does not occur. */
function eliminate(rows: Row[], column: number): Row[] {
  const pivot = rows.find((row) => row[column] !== 0)
  if (pivot === undefined) return rows
  const factor = inverse(pivot[column]!)
  const rest = rows.filter((row) => row !== pivot)
  for (const row of rest) subtract(row, pivot, (row[column]! * factor) % PRIME)
  return rest
}

/** row − factor · other, in place. */
function subtract(row: Row, other: Row, factor: number): void {
  if (factor === 0) return
  for (let i = 0; i < row.length; i++) {
    if (other[i] !== 0) row[i] = (row[i]! + (PRIME - factor) * other[i]!) % PRIME
  }
}

function scale(row: Row, factor: number): void {
  for (let i = 0; i < row.length; i++) row[i] = (row[i]! * factor) % PRIME
}

/** By Fermat's little theorem. */
function inverse(value: number): number {
  if (value === 1) return 1
  let [result, base] = [1, value]
  for (let exponent = PRIME - 2; exponent > 0; exponent >>>= 1) {
    if (exponent % 2 === 1) result = (result * base) % PRIME
    base = (base * base) % PRIME
  }
  return result
}
