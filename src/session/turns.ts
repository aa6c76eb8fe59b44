/** Returns a function that runs pieces of work one at a time, in the order of its calls. */
export function inTurns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    // Without the result's value, so that the queue does not keep an answer in memory.
    last = result.then(nothing, nothing)
    return result
  }
}

function nothing(): void {}
