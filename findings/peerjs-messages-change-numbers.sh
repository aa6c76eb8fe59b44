#!/bin/sh
# peerjs-js-binarypack 2.1.0, the serialization of PeerJS data connections: some numbers arrive as other numbers.
#
# Most doubles come through unchanged, fractions with all their bits. But whatever is a whole number is sent as an integer
# of at most 64 bits, which 2^63 is too large for, and exponents are made by arithmetic rather than taken from memory, which
# gives neither NaN nor the numbers below 2^-1022. No error on either side: a missing value that is marked by NaN becomes a
# tiny positive number, and the smallest positive number a huge negative one. A typed array comes as an `ArrayBuffer`,
# unchanged, whatever its type was.
#
# Seen:
#   0.1 arrives as 0.1
#   9007199254740991 arrives as 9007199254740991
#   NaN arrives as 1.1125369292536007e-308
#   5e-324 arrives as -1.596672247627776e+293
#   9223372036854776000 arrives as -9223372036854776000
#   18446744073709552000 arrives as 0
#   Float32Array(2) arrives as ArrayBuffer(8)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts peerjs-js-binarypack@2.1.0 >/dev/null

cat >check.mjs <<'JS'
import { pack, unpack } from 'peerjs-js-binarypack'

for (const number of [0.1, 2 ** 53 - 1, Number.NaN, Number.MIN_VALUE, 2 ** 63, 2 ** 64]) {
  const [arrived] = unpack(await pack([number]))
  console.log(`${number} arrives as ${arrived}`)
}
const arrived = unpack(await pack(Float32Array.of(1.5, -2)))
console.log(`Float32Array(2) arrives as ${arrived.constructor.name}(${arrived.byteLength})`)
JS

cat >expected <<'TEXT'
0.1 arrives as 0.1
9007199254740991 arrives as 9007199254740991
NaN arrives as 1.1125369292536007e-308
5e-324 arrives as -1.596672247627776e+293
9223372036854776000 arrives as -9223372036854776000
18446744073709552000 arrives as 0
Float32Array(2) arrives as ArrayBuffer(8)
TEXT
node check.mjs | tee seen
diff expected seen
