import { addInto, createVector, reduceInto, type Segment, type Vector } from 'secagg/vector'

const SCALE = 2n ** 300n

/** A double times 2^300, exactly: a whole number for every double that is 0 or at least 2^−240 in magnitude. */
function exact(value: number): bigint {
  return BigInt(value * Number(SCALE))
}

/** Σ w·x / Σ w against `computed`: whether they differ by at most `bound`, in exact arithmetic. */
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

/** The sum of vectors as a server forms it. */
export function sumOfVectors(segments: readonly Segment[], vectors: readonly Vector[]): Vector {
  const sum = createVector(segments)
  for (const vector of vectors) addInto(sum, vector, segments)
  reduceInto(sum, segments)
  return sum
}

/** `count` times the same values: what so many equal clients send, summed. */
export function multiplied(segments: readonly Segment[], vector: Vector, count: number): Vector {
  return sumOfVectors(segments, new Array<Vector>(count).fill(vector))
}

export function clipTo(value: number, clip: number): number {
  return Math.min(clip, Math.max(-clip, value))
}
