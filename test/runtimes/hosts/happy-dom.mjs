// Usage: node happy-dom.mjs SCRIPT. Runs the script with the globals of a window of Happy DOM, as test runners do.
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { GlobalWindow } from 'happy-dom'

const window = new GlobalWindow({ url: 'http://localhost/' })
for (const name of Object.getOwnPropertyNames(window)) {
  if (name in globalThis && !/^(TextEncoder|crypto|performance|Worker|navigator|window|self)$/.test(name))
    continue
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true })
}
const report = await runInThisContext(`${readFileSync(process.argv[2], 'utf8')};program.runProgram()`)
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
