// Usage: node edge.mjs SCRIPT. Runs the script in the edge runtime as Next.js sets it up: what Node has and the edge lacks is
// there, and throws when it is called.
import { readFileSync } from 'node:fs'
import { EdgeVM } from '@edge-runtime/vm'

/** `EDGE_UNSUPPORTED_NODE_APIS` of Next 16.4.6. */
const UNSUPPORTED = [
  'clearImmediate',
  'setImmediate',
  'BroadcastChannel',
  'ByteLengthQueuingStrategy',
  'CompressionStream',
  'CountQueuingStrategy',
  'DecompressionStream',
  'DomException',
  'MessageChannel',
  'MessageEvent',
  'MessagePort',
  'ReadableByteStreamController',
  'ReadableStreamBYOBRequest',
  'ReadableStreamDefaultController',
  'TransformStreamDefaultController',
  'WritableStreamDefaultController',
]

function unsupported(name) {
  return function refuse() {
    throw new Error(`A Node.js API is used (${name}) which is not supported in the Edge Runtime.`)
  }
}

const vm = new EdgeVM({
  extend: (context) => {
    context.process = { env: {} }
    for (const name of Object.keys(process)) {
      if (typeof process[name] === 'function') context.process[name] = unsupported(`process.${name}`)
    }
    for (const name of UNSUPPORTED) context[name] = unsupported(name)
    return context
  },
})
const report = await vm.evaluate(`${readFileSync(process.argv[2], 'utf8')};program.runProgram()`)
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
