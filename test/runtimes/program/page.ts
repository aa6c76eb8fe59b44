// Runs the program in a page or in a worker of any kind, and posts what it reports to the server that the script is from.
import { runProgram } from './program.js'

declare const SharedWorkerGlobalScope: unknown
declare const ServiceWorkerGlobalScope: unknown

async function report(): Promise<void> {
  const body = JSON.stringify(await runProgram())
  await fetch('/report', { method: 'POST', body })
}

// A service worker may be stopped unless an event keeps it busy, so its page sends it a message.
if (typeof ServiceWorkerGlobalScope === 'undefined') void report()
else {
  addEventListener('message', (event) => {
    ;(event as unknown as { waitUntil(work: Promise<void>): void }).waitUntil(report())
  })
}
