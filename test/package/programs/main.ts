// Runs in Node, as an ES module and as a CommonJS one.
import { runBoth } from './round.js'

runBoth().then((seen) => process.stdout.write(JSON.stringify(seen)))
