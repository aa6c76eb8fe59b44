import { parseArgs } from 'node:util'

/** What the command line may choose. */
export interface DemoOptions {
  readonly rounds: number
  readonly clients: number
  readonly seed: number
  /** Differential privacy over all rounds; without it, none. */
  readonly epsilon?: number
}

/** @throws {Error} with one clear line where an option is unknown or out of its range. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = valuesOf(args)
  return {
    rounds: wholeNumber('rounds', values.rounds ?? '8', 1, 1000),
    // With four, none may drop out; beyond 200, keys and masks between all pairs take minutes in one process.
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
    // Node explains at length; its first sentence is enough.
    throw new Error(String((error as Error).message).split(/\. |\n/)[0])
  }
}

function wholeNumber(name: string, text: string, least: number, greatest: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > greatest) {
    throw new Error(`--${name} takes a whole number from ${least} to ${greatest}, not '${text}'`)
  }
  return value
}

function positive(name: string, text: string, greatest: number): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value < 0.001 || value > greatest) {
    throw new Error(`--${name} takes a number from 0.001 to ${greatest}, not '${text}'`)
  }
  return value
}
