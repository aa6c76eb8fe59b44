// Usage: node miniflare.mjs SCRIPT KERNELS [FLAG…]. Serves the script by Miniflare, prints the address, and ends with its input.
// The script can import the file KERNELS as `secagg/kernels.wasm`.
import { readFileSync } from 'node:fs'
import { Miniflare } from 'miniflare'

const [script, kernels, ...compatibilityFlags] = process.argv.slice(2)
const miniflare = new Miniflare({
  modules: [
    { type: 'ESModule', path: 'program.js', contents: readFileSync(script, 'utf8') },
    { type: 'CompiledWasm', path: 'secagg/kernels.wasm', contents: readFileSync(kernels) },
  ],
  compatibilityDate: '2026-06-01',
  compatibilityFlags,
})
const address = await miniflare.ready
process.stdout.write(`${address.href}\n`)
process.stdin.resume().once('end', async () => {
  await miniflare.dispose()
  process.exit()
})
