// The invariant of every target: whatever the bytes are, a value or a `SecAggError`, no other exception, memory bounded
// by the size of the message, no hang. For sessions besides: a refusal changes no state, and no round ends in a wrong sum.
import { SecAggError } from 'secagg'

/** Something that takes bytes of a peer, and holds it to the invariant. */
export interface FuzzTarget {
  readonly name: string
  /** Whether `run` is synchronous, which is many times faster. */
  readonly sync: boolean
  /** The part of the time that it gets, beside the others. */
  readonly weight: number
  /** The longest input. */
  readonly maximumLength: number
  /** Inputs that lead deep, made from honest messages. */
  seeds(): Iterable<Uint8Array> | Promise<Iterable<Uint8Array>>
  /** @throws where the invariant does not hold. */
  run(data: Uint8Array): void | Promise<void>
  /** How the inputs so far came out, for the report. */
  counts?(): Readonly<Record<string, number>>
}

/** What something made of bytes: a value, or the error, which is of the one class. */
export type Outcome<T> = { readonly value: T } | { readonly error: SecAggError }

/** An error of any other class goes through, and so does one that says that the library itself is broken. */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() }
  } catch (error) {
    return { error: requireTyped(error) }
  }
}

export async function outcomeOfAsync<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error: requireTyped(error) }
  }
}

function requireTyped(error: unknown): SecAggError {
  if (!(error instanceof SecAggError)) throw error
  if (error.fault === 'internal' || error.fault === 'crypto') throw error
  return error
}

export function ensure(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`the invariant is broken: ${what}`)
}
