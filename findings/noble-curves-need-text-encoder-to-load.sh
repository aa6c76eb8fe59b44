#!/bin/sh
# @noble/curves 2.2.0: four of its curves cannot be imported where there is no `TextEncoder`, a fifth one can.
#
# Nothing that is asked of the curves needs text: keys, messages and signatures are bytes. But as the modules load, they
# build hash-to-curve and threshold signatures besides, and encode their labels. Engines that embed JavaScript and test
# environments that imitate browsers may lack `TextEncoder`; there a program that wants X25519 only does not start, and a
# try around the call does not help, as the error comes from the import. BLS12-381, the largest of them, loads.
#
# Seen:
#   ed25519: TextEncoder is not defined
#   ed448: TextEncoder is not defined
#   nist: TextEncoder is not defined
#   secp256k1: TextEncoder is not defined
#   bls12-381: loads
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @noble/curves@2.2.0 >/dev/null

cat >check.mjs <<'JS'
delete globalThis.TextEncoder
for (const curve of ['ed25519', 'ed448', 'nist', 'secp256k1', 'bls12-381']) {
  const outcome = await import(`@noble/curves/${curve}.js`).then(
    () => 'loads',
    (error) => error.message,
  )
  console.log(`${curve}: ${outcome}`)
}
JS

cat >expected <<'TEXT'
ed25519: TextEncoder is not defined
ed448: TextEncoder is not defined
nist: TextEncoder is not defined
secp256k1: TextEncoder is not defined
bls12-381: loads
TEXT
node check.mjs | tee seen
diff expected seen
