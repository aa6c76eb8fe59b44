#!/bin/sh
# @nats-io/nats-core 3.4.0, and so @nats-io/transport-node and @nats-io/jetstream: their types do not compile with
# `exactOptionalPropertyTypes`, unless `skipLibCheck` is set.
#
# The classes declare properties as `headers: MsgHdrs | undefined`, and implement interfaces with `headers?: MsgHdrs`. With
# `exactOptionalPropertyTypes` the two are different, and an error in a declaration file of a package cannot be silenced where it
# is imported. A library that imports these types passes the errors on to its users.
#
# Seen:
#   MsgImpl incorrectly implements Msg
#   NatsConnectionImpl incorrectly implements NatsConnection
#   with skipLibCheck: no error
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @nats-io/transport-node@3.4.0 typescript@5.9.3 @types/node@20.19.0 >/dev/null
cat >check.mts <<'TS'
import { connect } from '@nats-io/transport-node'
export const connection = connect({ servers: '127.0.0.1' })
TS
check() {
  node_modules/.bin/tsc --noEmit --strict --exactOptionalPropertyTypes --module nodenext --target es2022 --types node "$@" check.mts
}

cat >expected <<'TEXT'
MsgImpl incorrectly implements Msg
NatsConnectionImpl incorrectly implements NatsConnection
with skipLibCheck: no error
TEXT
{
  check --skipLibCheck false | sed -n "s/.*Class '\(.*\)' incorrectly implements interface '\(.*\)'.*/\1 incorrectly implements \2/p"
  check --skipLibCheck true && echo 'with skipLibCheck: no error'
} | tee seen
diff expected seen
