import { parseArgs } from 'node:util'

/** The options of the command line. */
export interface DemoOptions {
  readonly rounds: number
  readonly clients: number
  readonly seed: number
  /** The ε of differential privacy over all rounds. Without it, there is no differential privacy. */
  readonly epsilon?: number
}

/** @throws {Error} with one clear line if an option is unknown or out of range. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = valuesOf(args)
  return {
    rounds: wholeNumber('rounds', values.rounds ?? '8', 1, 1000),
    // With four clients, none may drop out. With more than 200, the keys and masks of all pairs take minutes.
    clients: wholeNumber('clients', values.clients ?? '50', 5, 200),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    ...(values.epsilon !== undefined && { epsilon: positive('epsilon', values.epsilon, 1000) }),
  }
}

function valuesOf(args: readonly string[]): { readonly [name in keyof DemoOptions]?: string } {
  try {
    const options = {
      rounds: { type: 'string' },
      clients: { type: 'string' },
      seed: { type: 'string' },
      epsilon: { type: 'string' },
    } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // The first sentence of Node's long explanation is enough.
    throw new Error(String((error as Error).message).split(/\. |\n/)[0])
  }
}

function wholeNumber(name: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
    throw new Error(`--${name} must be a whole number from ${minimum} to ${maximum}, not '${text}'`)
  }
  return value
}

function positive(name: string, text: string, maximum: number): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value < 0.001 || value > maximum) {
    throw new Error(`--${name} must be a number from 0.001 to ${maximum}, not '${text}'`)
  }
  return value
}
