import type { Configuration } from '../configuration.js'
import type { HybridDrawn } from '../hybrid.js'
import type { Enrolment } from '../parties.js'
import type { Vector } from '../vectors.js'

// Section "The client" of the specification; Bonawitz et al. 2017, figure 4. A state has all values that its round
// made, for whoever wants to look at them.

/** Everything that client u draws at random in a round, and its input. */
interface Drawn {
  readonly cipherPrivateKey: Uint8Array
  /** Without hybrid key agreement, with which it follows from m. */
  readonly maskPrivateKey: Uint8Array | null
  readonly hybrid: HybridDrawn | null
  /** [chosen] */
  readonly choice: Uint8Array
  /** b. */
  readonly selfMask: Uint8Array
  /** Of the polynomials that share s^SK or, [hybrid], m, from x¹ on; each as long as the secret. */
  readonly maskKeyCoefficients: readonly Uint8Array[]
  readonly selfMaskCoefficients: readonly Uint8Array[]
}

export interface Self {
  readonly configuration: Configuration
  /** u. */
  readonly seat: number
  readonly drawn: Drawn
  readonly input: Vector
  /** [active] */
  readonly signingKey: Uint8Array | null
  readonly enrolment: Enrolment
}

/** The least |U2| and |U3| that a client goes on with, as far as it hears of them; on the chosen graph, of holders and itself. */
export function minimumSeen({ graph, threshold, minimumCohort }: Configuration): number {
  return graph === 'complete' ? minimumCohort : threshold + 1
}
