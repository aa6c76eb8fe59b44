// Usage: node quickjs.mjs SCRIPT. Runs the script in QuickJS, which has nothing but the language. The host gives it a generator
// of random bytes and a clock.
import { webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getQuickJS } from 'quickjs-emscripten'

const context = (await getQuickJS()).newContext()
const expose = (name, work) =>
  context.newFunction(name, work).consume((f) => context.setProp(context.global, name, f))
expose('now', () => context.newNumber(performance.now()))
expose('random', (length) => {
  const bytes = webcrypto.getRandomValues(new Uint8Array(context.getNumber(length)))
  return context.newString(bytes.join())
})
let report
expose('report', (text) => {
  report = context.getString(text)
})
const run = (code) => context.unwrapResult(context.evalCode(code)).dispose()
run(`
  globalThis.performance = { now }
  globalThis.crypto = {
    getRandomValues(view) {
      if (view.length > 0) view.set(random(view.length).split(',').map(Number))
      return view
    },
  }`)
run(readFileSync(process.argv[2], 'utf8'))
run('program.runProgram().then((result) => report(JSON.stringify(result)))')
while (report === undefined && context.runtime.hasPendingJob())
  context.unwrapResult(context.runtime.executePendingJobs(1000))
process.stdout.write(`${report}\n`, () => process.exit())
