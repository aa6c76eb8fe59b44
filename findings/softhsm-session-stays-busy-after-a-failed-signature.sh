#!/bin/sh
# SoftHSM 2.6.1 (Debian 2.6.1-2.1) through pkcs11js 2.1.7: after C_Sign has failed, its session signs nothing any more.
#
# PKCS #11 says that a call to C_Sign always ends the signature operation, unless the buffer was too small or only its length was
# asked for. Here, an empty message is refused with CKR_ARGUMENTS_BAD, and the operation stays open: every later C_SignInit in
# that session, also for another key, fails with CKR_OPERATION_ACTIVE. An application that keeps one session open for all signatures is
# out of order from then on, until it is started again, and the error that it reports has nothing to do with the cause. A new
# session signs at once, and the login is still valid in it.
#
# Needs softhsm2, and a compiler for pkcs11js. Seen:
#   first message: 64 bytes
#   empty message: CKR_ARGUMENTS_BAD
#   first message again: CKR_OPERATION_ACTIVE
#   other key: CKR_OPERATION_ACTIVE
#   new session: 64 bytes
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
softhsm2-util --version | grep -qx '2\.6\.1' || { echo 'needs SoftHSM 2.6.1'; exit 1; }
npm install --silent --no-audit --no-fund pkcs11js@2.1.7 >/dev/null

mkdir tokens
echo "directories.tokendir = $folder/tokens" >softhsm2.conf
export SOFTHSM2_CONF="$folder/softhsm2.conf"
softhsm2-util --init-token --free --label finding --pin 1234 --so-pin 5678 >/dev/null

cat >check.cjs <<'JS'
const pkcs11 = require('pkcs11js')

const [CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA] = [0x1055, 0x1057]
const library = new pkcs11.PKCS11()
library.load(process.argv[2])
library.C_Initialize()
const slot = library.C_GetSlotList(true).find((each) => library.C_GetTokenInfo(each).label.trim() === 'finding')
const open = () => library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
const session = open()
library.C_Login(session, pkcs11.CKU_USER, '1234')
const generate = () =>
  library.C_GenerateKeyPair(
    session,
    { mechanism: CKM_EC_EDWARDS_KEY_PAIR_GEN },
    [{ type: pkcs11.CKA_EC_PARAMS, value: Buffer.from('06032b6570', 'hex') }],
    [{ type: pkcs11.CKA_SIGN, value: true }],
  ).privateKey
const [key, otherKey] = [generate(), generate()]

function sign(title, inSession, privateKey, message) {
  try {
    library.C_SignInit(inSession, { mechanism: CKM_EDDSA }, privateKey)
    const signature = library.C_Sign(inSession, Buffer.from(message), Buffer.alloc(64))
    console.log(`${title}: ${signature.length} bytes`)
  } catch (error) {
    console.log(`${title}: ${error.message}`)
  }
}
sign('first message', session, key, 'a message')
sign('empty message', session, key, '')
sign('first message again', session, key, 'a message')
sign('other key', session, otherKey, 'a message')
sign('new session', open(), key, 'a message')
JS

cat >expected <<'TEXT'
first message: 64 bytes
empty message: CKR_ARGUMENTS_BAD
first message again: CKR_OPERATION_ACTIVE
other key: CKR_OPERATION_ACTIVE
new session: 64 bytes
TEXT
node check.cjs /usr/lib/softhsm/libsofthsm2.so | tee seen
diff expected seen
