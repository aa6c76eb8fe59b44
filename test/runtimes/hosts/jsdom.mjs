// Usage: node jsdom.mjs SCRIPT [process]. Runs the script in a window of jsdom, which has nothing else unless the second
// argument says that it has Node's `process` too, as the windows of test runners do.
import { readFileSync } from 'node:fs'
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('', { url: 'http://localhost/', runScripts: 'outside-only' })
if (process.argv[3] === 'process') window.process = process
const report = await window.eval(`${readFileSync(process.argv[2], 'utf8')};program.runProgram()`)
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
