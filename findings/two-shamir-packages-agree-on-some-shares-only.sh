#!/bin/sh
# secrets.js-grempe 2.0.0 and shamir-secret-sharing 0.0.4: shares of one, in the form of the other, give the right secret
# for a few choices of shares and another secret for all the rest, without an error.
#
# Both share byte by byte over GF(2^8), and a share of one is easily written as one of the other: the same bytes, with the
# coordinate behind them. But there are several fields of 256 elements. secrets.js-grempe reduces by
# x^8 + x^4 + x^3 + x^2 + 1, shamir-secret-sharing by the polynomial of AES, x^8 + x^4 + x^3 + x + 1. For the shares with
# the coordinates 1, 2 and 3 the factors of the interpolation are all 1, in either field, and so they are for three more
# of the twenty choices of three shares out of six. A test that takes the first three shares, as most would, finds the two
# compatible.
#
# Seen:
#   the secret:     123 145 246 356
#   something else: 124 125 126 134 135 136 146 156 234 235 236 245 256 345 346 456
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  secrets.js-grempe@2.0.0 shamir-secret-sharing@0.0.4 >/dev/null

cat >check.mjs <<'JS'
import secrets from 'secrets.js-grempe'
import { combine } from 'shamir-secret-sharing'

const secret = '0102030405060708090a0b0c0d0e0f10'
secrets.init(8)
const shares = secrets.share(secret, 6, 3)
const translated = shares.map((share) => {
  const { id, data } = secrets.extractShareComponents(share)
  return Uint8Array.of(...Buffer.from(data, 'hex'), id)
})
const right = []
const wrong = []
for (let a = 0; a < 6; a++) {
  for (let b = a + 1; b < 6; b++) {
    for (let c = b + 1; c < 6; c++) {
      if (secrets.combine([shares[a], shares[b], shares[c]]) !== secret) throw new Error('not by itself either')
      const combined = await combine([translated[a], translated[b], translated[c]])
      // The first package pads secrets with zeros at the front.
      const list = Buffer.from(combined).toString('hex').endsWith(secret) ? right : wrong
      list.push(`${a + 1}${b + 1}${c + 1}`)
    }
  }
}
console.log(`the secret:     ${right.join(' ')}`)
console.log(`something else: ${wrong.join(' ')}`)
JS

cat >expected <<'TEXT'
the secret:     123 145 246 356
something else: 124 125 126 134 135 136 146 156 234 235 236 245 256 345 346 456
TEXT
node check.mjs | tee seen
diff expected seen
