// Usage: node edge.mjs SCRIPT. Runs the script in the edge runtime, with a `process` that throws as that of Next.js does.
import { readFileSync } from 'node:fs'
import { EdgeVM } from '@edge-runtime/vm'

const unsupported = (name) => () => {
  throw new Error(`A Node.js API is used (process.${name}) which is not supported in the Edge Runtime.`)
}
const vm = new EdgeVM({
  extend: (context) => {
    context.process = { env: {}, getBuiltinModule: unsupported('getBuiltinModule') }
    return context
  },
})
const report = await vm.evaluate(`${readFileSync(process.argv[2], 'utf8')};program.runProgram()`)
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
