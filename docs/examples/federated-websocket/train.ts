/** In a real program, this would train the model on the client's own data. */
export function train(model: Uint8Array): {
  readonly update: { readonly weights: TensorData; readonly bias: TensorData }
  /** The weight of this update in the mean. */
  readonly examples: number
} {
  const { weights, bias } = JSON.parse(new TextDecoder().decode(model)) as Record<string, number[]>
  const examples = 100
  return { update: { weights: moved(weights), bias: moved(bias) }, examples }
}

interface TensorData {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

function moved(values: readonly number[] = []): TensorData {
  return { shape: [values.length], data: Float32Array.from(values, (value) => value + 0.25) }
}
