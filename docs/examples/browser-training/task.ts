import { type PlanRequirements, planRound, type RoundPlan } from 'secagg/federated'

/** The number of units in the hidden layer. */
export const HIDDEN = 24
/** The number of classes of points. */
export const CLASSES = 3

/** The tensors of the model, under the names that tfjs gives them. */
const TENSORS: Readonly<Record<string, readonly number[]>> = {
  'hidden/kernel': [2, HIDDEN],
  'hidden/bias': [HIDDEN],
  'output/kernel': [HIDDEN, CLASSES],
  'output/bias': [CLASSES],
}

/** What every page requires of the server's plan. */
export const REQUIREMENTS: PlanRequirements = { minimumCohort: 2, corruptFraction: 0, tensors: TENSORS }

/** The server's plan. One page of three or four may be closed at any time. */
export function planTraining(clients: number): RoundPlan {
  return planRound({
    tensors: TENSORS,
    clients,
    adversary: 'honest-but-curious',
    dropoutFraction: 0.34,
    corruptFraction: 0,
    clip: 2,
    maximumWeight: 1000,
  })
}

/** What a page receives before a round. It does not trust the plan, and checks it against {@link REQUIREMENTS}. */
export interface Invitation {
  readonly number: number
  readonly seat: number
  readonly plan: unknown
  /** Hexadecimal. */
  readonly sessionId: string
  /** The values of the model, one tensor after the other in the order of the plan. */
  readonly model: readonly number[]
}

/** What a page tells the server about itself if its address ends in `&compare`. */
export interface Report {
  readonly number: number
  /** During the round: the update in the clear, one tensor after the other. Nobody would send this in a real program. */
  readonly update?: readonly number[]
  /** The number of examples that the update comes from. */
  readonly examples?: number
  /** After the last round: the largest difference between predictions of tfjs and of onnxruntime-web. */
  readonly difference?: number
  /** The fraction of points that the averaged model classifies correctly, as onnxruntime-web runs it. */
  readonly accuracy?: number
  /** The backend of tfjs that the page has used. */
  readonly backend?: string
}

/** The model as bytes, which the server and all clients bind to the round. */
export function modelBytes(model: Float32Array): Uint8Array {
  return new Uint8Array(model.slice().buffer)
}
