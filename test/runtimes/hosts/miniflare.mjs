// Usage: node miniflare.mjs SCRIPT [FLAG…]. Serves the script by Miniflare, prints the address, and ends with its input.
import { readFileSync } from 'node:fs'
import { Miniflare } from 'miniflare'

const [script, ...compatibilityFlags] = process.argv.slice(2)
const miniflare = new Miniflare({
  modules: true,
  script: readFileSync(script, 'utf8'),
  compatibilityDate: '2026-06-01',
  compatibilityFlags,
})
const address = await miniflare.ready
process.stdout.write(`${address.href}\n`)
process.stdin.resume().once('end', async () => {
  await miniflare.dispose()
  process.exit()
})
