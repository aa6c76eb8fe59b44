/** A function that runs pieces of work one after the other, in the order in which they come. */
export function inTurns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    // Without its value, so that the queue keeps no answer alive.
    last = result.then(nothing, nothing)
    return result
  }
}

function nothing(): void {}
