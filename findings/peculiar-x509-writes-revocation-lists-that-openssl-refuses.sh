#!/bin/sh
# @peculiar/x509 2.2.0: the PEM of a certificate revocation list begins with "BEGIN CRL", which OpenSSL and Node do not read.
#
# RFC 7468 gives revocation lists the label "X509 CRL". The library writes "CRL", for `toString('pem')` of a list that it made
# and of one that it read, while its certificates and certificate requests have the usual labels. It reads both labels itself, so
# tests within JavaScript pass. Whatever passes the text on to TLS (the option `crl` of Node) or to a file for another program
# fails. The content is right: with the label replaced, OpenSSL and Node accept it.
#
# Seen:
#   label: -----BEGIN CRL-----
#   read again by the library: CN=authority
#   node: refused (ERR_CRYPTO_OPERATION_FAILED)
#   openssl: refused
#   with the label X509 CRL, node: accepted, openssl: accepted
#   read with that label, and written again: -----BEGIN CRL-----
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @peculiar/x509@2.2.0 reflect-metadata@0.2.2 >/dev/null

cat >check.mjs <<'JS'
import 'reflect-metadata'
import { spawnSync } from 'node:child_process'
import { createSecureContext } from 'node:tls'
import { X509Crl, X509CrlGenerator } from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
const list = await X509CrlGenerator.create({
  issuer: 'CN=authority',
  thisUpdate: new Date('2026-01-01'),
  nextUpdate: new Date('2026-02-01'),
  signingKey: privateKey,
  signingAlgorithm: algorithm,
})

const node = (crl) => {
  try {
    createSecureContext({ crl })
    return 'accepted'
  } catch ({ code }) {
    return `refused (${code})`
  }
}
const openssl = (input) =>
  spawnSync('openssl', ['crl', '-noout'], { input }).status === 0 ? 'accepted' : 'refused'
const label = (pem) => pem.split('\n')[0]

const pem = list.toString('pem')
console.log(`label: ${label(pem)}`)
console.log(`read again by the library: ${new X509Crl(pem).issuer}`)
console.log(`node: ${node(pem)}`)
console.log(`openssl: ${openssl(pem)}`)
const usual = pem.replaceAll(' CRL-----', ' X509 CRL-----')
console.log(`with the label X509 CRL, node: ${node(usual)}, openssl: ${openssl(usual)}`)
console.log(`read with that label, and written again: ${label(new X509Crl(usual).toString('pem'))}`)
JS

cat >expected <<'TEXT'
label: -----BEGIN CRL-----
read again by the library: CN=authority
node: refused (ERR_CRYPTO_OPERATION_FAILED)
openssl: refused
with the label X509 CRL, node: accepted, openssl: accepted
read with that label, and written again: -----BEGIN CRL-----
TEXT
node check.mjs | tee seen
diff expected seen
