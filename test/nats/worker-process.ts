import { runWorker } from 'secagg/nats'
import { KEY } from './support.js'

// A worker for tests that kill it. It tells when it has begun a task.
const [, , servers = ''] = process.argv
const worker = await runWorker({ connection: { servers }, key: KEY, threads: 0 })
process.stdout.write('ready\n')
const timer = setInterval(() => {
  if (!/tasks_in_progress [1-9]/.test(worker.metrics())) return
  clearInterval(timer)
  process.stdout.write('busy\n')
}, 1)
