#!/bin/sh
# WebKitGTK 2.50.6 (Debian 12): WebCrypto refuses to import an X25519 or Ed25519 private key whose first byte is zero.
#
# Any 32 bytes are a private key of either curve, and PKCS #8 holds them as an octet string of 32 bytes. The browser imports the
# keys with all 255 other first bytes. So a program that draws its keys works in its tests, and fails for one key in 256 with
# a DataError that says nothing about the key. Zeros at other places do no harm.
#
# Needs Debian's packages webkit2gtk-driver (for its MiniBrowser) and xvfb, and Node.
#
# Seen:
#   WebKitGTK 2.50.6
#   X25519: refused with first byte 0, others refused: 0, second byte 0: imported
#   Ed25519: refused with first byte 0, others refused: 0, second byte 0: imported
set -eu
folder=$(mktemp -d)
browser=/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >page.js <<'JS'
const lines = []
for (const [name, identifier, usage] of [['X25519', 0x6e, 'deriveBits'], ['Ed25519', 0x70, 'sign']]) {
  const imports = async (place, value) => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index + 1)
    key[place] = value
    const header = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, identifier, 4, 34, 4, 32]
    try {
      await crypto.subtle.importKey('pkcs8', Uint8Array.from([...header, ...key]), name, false, [usage])
      return true
    } catch (error) {
      if (error.name !== 'DataError') throw error
      return false
    }
  }
  const first = (await imports(0, 0)) ? 'imported' : 'refused'
  let others = 0
  for (let value = 1; value < 256; value++) if (!(await imports(0, value))) others++
  const second = (await imports(1, 0)) ? 'imported' : 'refused'
  lines.push(`${name}: ${first} with first byte 0, others refused: ${others}, second byte 0: ${second}`)
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
  browser = spawn('xvfb-run', ['--auto-servernum', process.argv[2], address], { stdio: 'ignore', detached: true })
})
setTimeout(() => end(1), 60_000)
JS

cat >expected <<'TEXT'
WebKitGTK 2.50.6
X25519: refused with first byte 0, others refused: 0, second byte 0: imported
Ed25519: refused with first byte 0, others refused: 0, second byte 0: imported
TEXT
export HOME="$folder"
xvfb-run --auto-servernum "$browser" --version >seen
node serve.mjs "$browser" >>seen
cat seen
diff expected seen
