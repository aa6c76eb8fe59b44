import { addInto, createVector, reduceInto, type Segment, type Vector } from 'secagg/vector'

const SCALE = 2n ** 300n

/** A double times 2^300, exactly. It is a whole number for 0 and for every double of at least 2^−240 in magnitude. */
function exact(value: number): bigint {
  return BigInt(value * Number(SCALE))
}

/** Whether Σ w·x / Σ w and `computed` differ by at most `bound`, in exact arithmetic. */
export function isWithin(
  bound: number,
  computed: number,
  terms: readonly { readonly value: number; readonly weight: number }[],
): boolean {
  const total = terms.reduce((sum, { weight }) => sum + BigInt(weight), 0n)
  const weighted = terms.reduce((sum, { value, weight }) => sum + exact(value) * BigInt(weight), 0n)
  const difference = exact(computed) * total - weighted
  return (difference < 0n ? -difference : difference) <= exact(bound) * total
}

/** The sum of vectors, computed as by a server. */
export function sumOfVectors(segments: readonly Segment[], vectors: readonly Vector[]): Vector {
  const sum = createVector(segments)
  for (const vector of vectors) addInto(sum, vector, segments)
  reduceInto(sum, segments)
  return sum
}

/** The sum of the inputs of `count` clients that all have these values. */
export function multiplied(segments: readonly Segment[], vector: Vector, count: number): Vector {
  return sumOfVectors(segments, new Array<Vector>(count).fill(vector))
}

export function clipTo(value: number, clip: number): number {
  return Math.min(clip, Math.max(-clip, value))
}
