import { SecAggError } from 'secagg'

/** The error that `work` throws, if it throws. Anything but a typed error fails the test. */
export function thrownBy(work: () => unknown): SecAggError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof SecAggError) return error
    throw error
  }
}

/** The error with which `work` is refused. */
export function refusalBy(work: () => unknown): SecAggError {
  const error = thrownBy(work)
  if (error === undefined) throw new Error('it was not refused')
  return error
}
