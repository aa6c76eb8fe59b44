#!/bin/sh
# @noble/curves 2.2.0 and WebCrypto: `p256.verify` refuses about half of the valid ECDSA signatures that WebCrypto makes.
#
# Of every ECDSA signature (r, s) there is a second one, (r, n - s), that is as valid. NIST's curves are used with either,
# and WebCrypto gives whichever comes out; the rule that s has to be the lower one is Bitcoin's, for another curve. Here it
# is the default for P-256 too, so a deployment that verifies one side's signatures with the other works in every second
# case, at random, and a test with one signature says nothing. With `{ lowS: false }` all are accepted; hashing of the
# message, the encoding of signatures and of keys are the same on both sides.
#
# Seen, for 200 signatures by different keys:
#   accepted: some, refused: some
#   accepted with lowS false: 200
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @noble/curves@2.2.0 >/dev/null

cat >check.mjs <<'JS'
import { webcrypto } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'

const { subtle } = webcrypto
let accepted = 0
let acceptedEither = 0
for (let i = 0; i < 200; i++) {
  const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const message = Uint8Array.of(i)
  const signature = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, message))
  const key = new Uint8Array(await subtle.exportKey('raw', publicKey))
  if (p256.verify(signature, message, key)) accepted++
  if (p256.verify(signature, message, key, { lowS: false })) acceptedEither++
}
// Outside of these bounds with a probability of less than 2^-40, if each comes out as often as the other.
const some = (count) => (count > 45 && count < 155 ? 'some' : String(count))
console.log(`accepted: ${some(accepted)}, refused: ${some(200 - accepted)}`)
console.log(`accepted with lowS false: ${acceptedEither}`)
JS

cat >expected <<'TEXT'
accepted: some, refused: some
accepted with lowS false: 200
TEXT
node check.mjs | tee seen
diff expected seen
