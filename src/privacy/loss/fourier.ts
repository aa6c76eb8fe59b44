/**
 * The discrete Fourier transform of real + i·imaginary, in place. The length is a power of two.
 *
 * An iterative transform of radix 2 with tabulated roots: every output is reached through log₂ N stages, each of which has a
 * relative error of a few units in the last place, so it differs from the exact value by at most {@link transformError} times
 * the sum of the absolute inputs (Higham 2002, section 24.1). The accountant adds that error to δ, which is why it has a
 * transform whose error is known, and does not call one from elsewhere.
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length
  permute(real, imaginary)
  const cosines = new Float64Array(length / 2)
  const sines = new Float64Array(length / 2)
  for (let i = 0; i < length / 2; i++) {
    cosines[i] = Math.cos((2 * Math.PI * i) / length)
    sines[i] = -Math.sin((2 * Math.PI * i) / length)
  }
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half)
    for (let start = 0; start < length; start += 2 * half) {
      for (let i = 0; i < half; i++) {
        const [c, s] = [cosines[i * stride]!, sines[i * stride]!]
        const low = start + i
        const high = low + half
        const re = real[high]! * c - imaginary[high]! * s
        const im = real[high]! * s + imaginary[high]! * c
        real[high] = real[low]! - re
        imaginary[high] = imaginary[low]! - im
        real[low] = real[low]! + re
        imaginary[low] = imaginary[low]! + im
      }
    }
  }
}

/** Moves each element to the place whose binary digits are reversed. */
function permute(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit
    j ^= bit
    if (i >= j) continue
    const [re, im] = [real[i]!, imaginary[i]!]
    real[i] = real[j]!
    imaginary[i] = imaginary[j]!
    real[j] = re
    imaginary[j] = im
  }
}

/** An upper bound on the error of an output of {@link transform}, relative to the sum of the absolute inputs. */
export function transformError(length: number): number {
  return 8 * Number.EPSILON * Math.log2(length)
}
