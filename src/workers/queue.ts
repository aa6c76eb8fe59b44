import { reasonOf } from '../abort.js'

/** Runs work when all that came before is over. Work whose signal aborts while it waits is given up. */
export type Queue = (work: () => Promise<void>, signal?: AbortSignal) => Promise<void>

export function createQueue(): Queue {
  let last: Promise<void> = Promise.resolve()
  return (work, signal) => {
    const before = last
    const own = untilAborted(before, signal).then(work)
    last = Promise.allSettled([before, own]).then(() => undefined)
    return own
  }
}

function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(reasonOf(signal))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    promise.then(() => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    })
  })
}
