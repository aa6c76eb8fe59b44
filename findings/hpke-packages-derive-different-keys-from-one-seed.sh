#!/bin/sh
# @hpke/ml-kem 0.3.0 and @hpke/hybridkem-x-wing 0.7.0 against hpke 1.1.7 with @panva/hpke-noble 1.0.3: for the post-quantum
# algorithms all goes together, but for the key pair that `deriveKeyPair` makes of a seed.
#
# The algorithms have equal identifiers in both families, and equal sizes. Each opens what the other seals, and takes over the
# other's serialized keys. With X25519 and P-256 both derive equal key pairs from equal seeds as well. With ML-KEM and X-Wing,
# they do not: one family follows the drafts by Connolly and uses the seed, or its SHAKE256, as the private key, the other one
# follows the later draft of the IETF, which puts labels before it. No side has an error. A client that derives its key
# from a stored seed, or members of a group that derive the keys of a tree from secrets that they share as in MLS, find it when
# a message cannot be opened. What can be kept, and moved from one to the other, is the serialized private key.
#
# Seen:
#   0x0020 X25519: opened by the other, equal keys from a private key, equal keys from a seed
#   0x0010 P-256: opened by the other, equal keys from a private key, equal keys from a seed
#   0x0041 ML-KEM-768: opened by the other, equal keys from a private key, different keys from a seed
#   0x647a X-Wing: opened by the other, equal keys from a private key, different keys from a seed
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @hpke/core@1.9.0 @hpke/ml-kem@0.3.0 \
  @hpke/hybridkem-x-wing@0.7.0 hpke@1.1.7 @panva/hpke-noble@1.0.3 >/dev/null

cat >check.mjs <<'JS'
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { MlKem768 } from '@hpke/ml-kem'
import * as noble from '@panva/hpke-noble'
import * as hpke from 'hpke'

const exact = (bytes) => new Uint8Array(bytes).buffer
const equal = (a, b) => (Buffer.compare(new Uint8Array(a), new Uint8Array(b)) === 0 ? 'equal' : 'different')
const seed = Uint8Array.from({ length: 64 }, (_, index) => index)
for (const [name, Kem, kem] of [
  ['X25519', DhkemX25519HkdfSha256, noble.KEM_DHKEM_X25519_HKDF_SHA256],
  ['P-256', DhkemP256HkdfSha256, noble.KEM_DHKEM_P256_HKDF_SHA256],
  ['ML-KEM-768', MlKem768, noble.KEM_ML_KEM_768],
  ['X-Wing', XWing, noble.KEM_MLKEM768_X25519],
]) {
  const first = new CipherSuite({ kem: new Kem(), kdf: new HkdfSha256(), aead: new Aes128Gcm() })
  const second = new hpke.CipherSuite(kem, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES_128_GCM)
  if (first.kem.id !== second.KEM.id) throw new Error('not the same algorithm')

  const { publicKey, privateKey } = await first.kem.generateKeyPair()
  const publicBytes = await first.kem.serializePublicKey(publicKey)
  const privateBytes = new Uint8Array(await first.kem.serializePrivateKey(privateKey))
  const message = Uint8Array.of(1, 2, 3)
  const { encapsulatedSecret, ciphertext } = await second.Seal(await second.DeserializePublicKey(new Uint8Array(publicBytes)), message)
  const recipient = await first.createRecipientContext({ recipientKey: privateKey, enc: exact(encapsulatedSecret) })
  if (equal(await recipient.open(exact(ciphertext)), message) !== 'equal') throw new Error('opened to something else')

  const sender = await first.createSenderContext({ recipientPublicKey: publicKey })
  const sealed = new Uint8Array(await sender.seal(exact(message)))
  const moved = await second.DeserializePrivateKey(privateBytes)
  const opened = await second.Open(moved, new Uint8Array(sender.enc), sealed)

  const one = await first.kem.deriveKeyPair(exact(seed))
  const other = await second.DeriveKeyPair(seed, true)
  const ofSeed = equal(await first.kem.serializePublicKey(one.publicKey), await second.SerializePublicKey(other.publicKey))
  const identifier = `0x${second.KEM.id.toString(16).padStart(4, '0')}`
  console.log(`${identifier} ${name}: opened by the other, ${equal(opened, message)} keys from a private key, ${ofSeed} keys from a seed`)
}
JS

cat >expected <<'TEXT'
0x0020 X25519: opened by the other, equal keys from a private key, equal keys from a seed
0x0010 P-256: opened by the other, equal keys from a private key, equal keys from a seed
0x0041 ML-KEM-768: opened by the other, equal keys from a private key, different keys from a seed
0x647a X-Wing: opened by the other, equal keys from a private key, different keys from a seed
TEXT
node check.mjs | tee seen
diff expected seen
