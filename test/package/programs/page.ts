import { runBoth } from './round.js'

/** Leaves in the global `seen` what the page saw, and what a worker of its own did. */
export function show(startThread: () => Worker): void {
  const thread = new Promise((resolve, reject) => {
    const worker = startThread()
    worker.addEventListener('message', ({ data }) => resolve(data))
    worker.addEventListener('error', ({ message }) => reject(new Error(`The worker failed: ${message}`)))
  })
  const seen = Promise.all([runBoth(), thread]).then(([page, thread]) => ({ page, thread }))
  Object.assign(globalThis, { seen })
}
