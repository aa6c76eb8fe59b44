// Runs in a worker of the page.
import { runBoth } from './round.js'

runBoth().then(
  (seen) => postMessage(seen),
  (error: unknown) => postMessage(String(error)),
)
