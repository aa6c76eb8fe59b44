#!/bin/sh
# jiff-mpc 1.0.0: with a prime of 31 bits as the modulus, the parties open different values, and none is the sum.
#
# A secret that does not fit the default modulus of 25 bits is refused, and the option `Zp` takes a larger prime; the client
# tests that it is one. But shares are multiplied with the coefficients of the interpolation as doubles, which are exact up to
# 2^53. With 2^31 - 1, low bits are lost before the product is reduced, so that the error is not small: what is opened is a number
# at random, another one at each party, even if values are only added. No party has an error. With 26 bits all is well, and a
# modulus in between may work for a while. Large primes need the extension for big numbers, which the option does not mention.
#
# Seen, for three parties that add 1000, 2000 and 3000, five times:
#   modulus 16777729: 6000 at 15 of 15 parties, parties disagree in 0 of 5 runs
#   modulus 67108859: 6000 at 15 of 15 parties, parties disagree in 0 of 5 runs
#   modulus 2147483647: 6000 at 0 of 15 parties, parties disagree in 5 of 5 runs
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts jiff-mpc@1.0.0 >/dev/null

cat >check.cjs <<'JS'
const { once } = require('node:events')
const { createServer } = require('node:http')
const { JIFFClient, JIFFServer } = require('jiff-mpc')

const secrets = [1000, 2000, 3000]
async function sums(Zp) {
  const http = createServer()
  new JIFFServer(http, { logs: false })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const party = (secret) =>
    new Promise((resolve, reject) => {
      const onConnect = async (client) => {
        const shares = client.share(secret)
        const sum = await client.open(shares[1].sadd(shares[2]).sadd(shares[3]))
        client.disconnect(true, true)
        resolve(sum)
      }
      const onError = (label, error) => reject(new Error(`${label}: ${error}`))
      new JIFFClient(`http://127.0.0.1:${http.address().port}`, 'sum', { party_count: 3, crypto_provider: true, Zp, onConnect, onError })
    })
  const opened = await Promise.all(secrets.map(party))
  http.close()
  return opened
}

async function main() {
  for (const Zp of [16777729, 67108859, 2147483647]) {
    let right = 0
    let unequal = 0
    for (let run = 0; run < 5; run++) {
      const opened = await sums(Zp)
      right += opened.filter((sum) => sum === 6000).length
      if (new Set(opened).size > 1) unequal++
    }
    console.log(`modulus ${Zp}: 6000 at ${right} of 15 parties, parties disagree in ${unequal} of 5 runs`)
  }
  process.exit()
}
main()
JS

cat >expected <<'TEXT'
modulus 16777729: 6000 at 15 of 15 parties, parties disagree in 0 of 5 runs
modulus 67108859: 6000 at 15 of 15 parties, parties disagree in 0 of 5 runs
modulus 2147483647: 6000 at 0 of 15 parties, parties disagree in 5 of 5 runs
TEXT
timeout 60 node check.cjs | grep '^modulus' | tee seen
diff expected seen
