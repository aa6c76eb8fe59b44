import { described, reading } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * Tensors without names are a common mistake: the methods of tfjs that return weights return lists. These errors say how to
 * name what was passed.
 */

const PAIRS_OF_WEIGHTS = 'model.weights.map((weight) => [weight.originalName, weight.read()])'
const PAIRS_OF_OPTIMIZER = '(await optimizer.getWeights()).map(({ name, tensor }) => [name, tensor])'

/** @throws {SecAggError} `invalid-argument` if `named` is a promise or a whole model. */
export function requireNames(named: object): void {
  const { then, getWeights, weights } = partsOf(named, 'then', 'getWeights', 'weights')
  if (typeof then === 'function') {
    throw withoutNames(
      'is a promise',
      `wait for it first. For the weights of an optimizer: ${PAIRS_OF_OPTIMIZER}`,
    )
  }
  if (typeof getWeights !== 'function') return
  throw Array.isArray(weights)
    ? withoutNames('is a model', `pass its weights by name: ${PAIRS_OF_WEIGHTS}`)
    : withoutNames('is an optimizer', `pass its weights by name: ${PAIRS_OF_OPTIMIZER}`)
}

/** The error for an element of a list that is not a pair of name and thing. */
export function nameless(element: unknown): Error {
  const isThing = typeof element === 'object' && element !== null
  const { name, tensor, read, shape, dims, dataSync } = isThing
    ? partsOf(element, 'name', 'tensor', 'read', 'shape', 'dims', 'dataSync')
    : {}
  if (typeof name === 'string' && typeof tensor === 'object') {
    return withoutNames('has objects { name, tensor }', `turn them into pairs: ${PAIRS_OF_OPTIMIZER}`)
  }
  if (typeof read === 'function') {
    return withoutNames('has variables without names', `pass pairs: ${PAIRS_OF_WEIGHTS}`)
  }
  if (shape !== undefined || dims !== undefined || typeof dataSync === 'function') {
    return withoutNames(
      'has tensors without names, as model.getWeights() returns them',
      `pass pairs of name and tensor: ${PAIRS_OF_WEIGHTS}`,
    )
  }
  return withoutNames(`has ${described(element)} in the place of a pair`, 'pass pairs of name and tensor')
}

function withoutNames(what: string, remedy: string): Error {
  return usageError(
    'invalid-argument',
    `tensors must be given by name, as a record, a Map or pairs; this ${what}: ${remedy}`,
    { expected: 'names' },
  )
}

function partsOf<K extends string>(thing: object, ...keys: readonly K[]): Partial<Record<K, unknown>> {
  return reading('tensors by name', () => {
    const parts: Partial<Record<K, unknown>> = {}
    for (const key of keys) parts[key] = (thing as Partial<Record<K, unknown>>)[key]
    return parts
  })
}
