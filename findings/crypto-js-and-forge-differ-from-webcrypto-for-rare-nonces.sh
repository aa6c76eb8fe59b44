#!/bin/sh
# crypto-js 4.2.0, node-forge 1.4.3, @peculiar/webcrypto 1.7.2 and Node's own crypto: four times AES-CTR, and for rare nonces
# three different streams of one key.
#
# All begin with a block of 16 bytes that the caller gives, and count it up. Node's cipher counts with all 128 bits. crypto-js
# and node-forge count with the last 32 only, and have no carry into the rest. WebCrypto counts with the last `length` bits, a
# parameter, and so can be made equal to either; but @peculiar/webcrypto, a replacement for it, takes any `length` and counts
# with 128. If the block is 12 random bytes and a counter from zero, all are equal. If it is 16 random bytes they are equal too,
# unless the last 32 bits overflow within the message: for a million masks of 32 bits that is one block in 16384. From there
# on, what one side writes is noise to the other, without an error, and tests with some fixed blocks pass.
#
# Seen, for messages of four blocks: how many are equal to those of Node's aes-128-ctr
#   last 32 bits of the first counter: 00000000 fffffffe ffffffff
#   @noble/ciphers                     4        4        4
#   crypto-js                          4        2        1
#   node-forge                         4        2        1
#   WebCrypto, length 128              4        4        4
#   WebCrypto, length 32               4        2        1
#   @peculiar/webcrypto, length 128    4        4        4
#   @peculiar/webcrypto, length 32     4        4        4
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  crypto-js@4.2.0 node-forge@1.4.3 @noble/ciphers@2.4.0 @peculiar/webcrypto@1.7.2 >/dev/null

cat >check.mjs <<'JS'
import { createCipheriv, webcrypto } from 'node:crypto'
import { ctr } from '@noble/ciphers/aes.js'
import { Crypto } from '@peculiar/webcrypto'
import CryptoJS from 'crypto-js'
import forge from 'node-forge'

const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const zeros = Buffer.alloc(64)
const words = (bytes) => CryptoJS.lib.WordArray.create(bytes)
const web = (crypto, length) => async (counter) => {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])
  return Buffer.from(await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length }, imported, zeros))
}
const streams = {
  '@noble/ciphers': (counter) => Buffer.from(ctr(key, counter).encrypt(zeros)),
  'crypto-js': (counter) => {
    const options = { iv: words(counter), mode: CryptoJS.mode.CTR, padding: CryptoJS.pad.NoPadding }
    return Buffer.from(CryptoJS.AES.encrypt(words(zeros), words(key), options).ciphertext.toString(), 'hex')
  },
  'node-forge': (counter) => {
    const cipher = forge.cipher.createCipher('AES-CTR', key.toString('binary'))
    cipher.start({ iv: counter.toString('binary') })
    cipher.update(forge.util.createBuffer(zeros.toString('binary')))
    cipher.finish()
    return Buffer.from(cipher.output.toHex(), 'hex')
  },
  'WebCrypto, length 128': web(webcrypto, 128),
  'WebCrypto, length 32': web(webcrypto, 32),
  '@peculiar/webcrypto, length 128': web(new Crypto(), 128),
  '@peculiar/webcrypto, length 32': web(new Crypto(), 32),
}
const ends = ['00000000', 'fffffffe', 'ffffffff']
const line = (title, cells) => console.log(`${title.padEnd(34)} ${cells.map((cell) => String(cell).padEnd(8)).join(' ').trimEnd()}`)
line('last 32 bits of the first counter:', ends)
for (const [name, stream] of Object.entries(streams)) {
  const cells = []
  for (const end of ends) {
    const counter = Buffer.from(`a0a1a2a3a4a5a6a7a8a9aaab${end}`, 'hex')
    const expected = createCipheriv('aes-128-ctr', key, counter).update(zeros)
    const made = await stream(counter)
    const blocks = [0, 16, 32, 48].filter((start) => made.compare(expected, start, start + 16, start, start + 16) === 0)
    cells.push(blocks.length)
  }
  line(name, cells)
}
JS

cat >expected <<'TEXT'
last 32 bits of the first counter: 00000000 fffffffe ffffffff
@noble/ciphers                     4        4        4
crypto-js                          4        2        1
node-forge                         4        2        1
WebCrypto, length 128              4        4        4
WebCrypto, length 32               4        2        1
@peculiar/webcrypto, length 128    4        4        4
@peculiar/webcrypto, length 32     4        4        4
TEXT
node check.mjs | tee seen
diff expected seen
