#!/bin/sh
# Firefox ESR 153.8.0 (Debian 12): WebCrypto refuses to import three X25519 public keys that are not of low order.
#
# RFC 7748, section 5: receivers must ignore the top bit of a public key. The keys 2p - 1, 2p and 2p + 1 are, without that bit,
# p - 20, p - 19 and p - 18, ordinary points that Firefox imports. With it, it refuses them, because they would be of low order if
# the bit counted; its neighbors with the same bit are imported. Other implementations give a secret, and test vectors of
# Wycheproof expect it. A program that forwards keys of others can meet one that its users of Firefox alone refuse.
#
# Needs Debian's package firefox-esr, and Node.
#
# Seen:
#   Mozilla Firefox 153.8.0esr
#   first byte 216: imported with the top bit, imported without
#   first byte 217: refused with the top bit, imported without
#   first byte 218: refused with the top bit, imported without
#   first byte 219: refused with the top bit, imported without
#   first byte 220: imported with the top bit, imported without
set -eu
folder=$(mktemp -d)
browser=/usr/bin/firefox-esr
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >page.js <<'JS'
const lines = []
for (const first of [216, 217, 218, 219, 220]) {
  const imports = async (last) => {
    const key = new Uint8Array(32).fill(255)
    key[0] = first
    key[31] = last
    try {
      await crypto.subtle.importKey('raw', key, 'X25519', false, [])
      return 'imported'
    } catch (error) {
      if (error.name !== 'DataError') throw error
      return 'refused'
    }
  }
  lines.push(`first byte ${first}: ${await imports(255)} with the top bit, ${await imports(127)} without`)
}
await fetch('/', { method: 'POST', body: lines.join('\n') })
JS

cat >serve.mjs <<'JS'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

let browser
const end = (code) => {
  process.kill(-browser.pid)
  process.exit(code)
}
const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    let text = ''
    for await (const piece of request) text += piece
    console.log(text)
    return end(0)
  }
  const isScript = request.url === '/page.js'
  response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
  response.end(isScript ? readFileSync('page.js') : '<script type="module" src="page.js"></script>')
})
server.listen(0, 'localhost', () => {
  const address = `http://localhost:${server.address().port}/`
  browser = spawn(process.argv[2], ['--headless', '--no-remote', '--profile', 'profile', address], { stdio: 'ignore', detached: true })
})
setTimeout(() => end(1), 60_000)
JS

cat >expected <<'TEXT'
Mozilla Firefox 153.8.0esr
first byte 216: imported with the top bit, imported without
first byte 217: refused with the top bit, imported without
first byte 218: refused with the top bit, imported without
first byte 219: refused with the top bit, imported without
first byte 220: imported with the top bit, imported without
TEXT
export HOME="$folder"
mkdir profile
"$browser" --version >seen
node serve.mjs "$browser" >>seen
cat seen
diff expected seen
