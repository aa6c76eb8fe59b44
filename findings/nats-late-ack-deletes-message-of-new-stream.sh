#!/bin/sh
# nats-server 2.9.10 (Debian) with @nats-io/jetstream 3.4.0: a late acknowledgement deletes a message of another stream, one
# that nobody was given.
#
# An acknowledgement says the names of stream and consumer, and the number of a message. It does not say which stream of that
# name. If a stream is deleted (or in memory, and the server is started again), and created again under the same name, an
# acknowledgement of an old message removes the message with the same number from the new work queue: also if the consumer was
# never given that message, and even if it is of a subject that the consumer does not ask for. No error on either side. A
# stream that is created again should have a new name.
#
# Seen:
#   the new stream has 1 message, config.settings, and the consumer has been given 0
#   after the acknowledgement of an old message it has 0 messages
set -eu
PATH=$PATH:/usr/sbin
nats-server --version | grep -qx 'nats-server: v2.9.10'
folder=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })")
nats-server -a 127.0.0.1 -p "$port" --jetstream --store_dir "$folder/data" 2>log &
server=$!
npm install --silent --no-audit --no-fund --ignore-scripts @nats-io/jetstream@3.4.0 @nats-io/transport-node@3.4.0 >/dev/null

cat >check.mjs <<'JS'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

const connection = await connect({ servers: `127.0.0.1:${process.argv[2]}` })
const manager = await jetstreamManager(connection)
const stream = jetstream(connection)
const create = async () => {
  const subjects = ['jobs.*', 'config.*']
  await manager.streams.add({ name: 'work', subjects, retention: 'workqueue', storage: 'memory' })
  const filter_subject = 'jobs.*'
  await manager.consumers.add('work', { durable_name: 'workers', filter_subject, ack_policy: 'explicit' })
}
await create()
await stream.publish('jobs.first', 'old')
const old = await (await stream.consumers.get('work', 'workers')).next()

await manager.streams.delete('work')
await create()
await stream.publish('config.settings', 'new')
const { delivered } = await manager.consumers.info('work', 'workers')
const count = async () => (await manager.streams.info('work')).state.messages
console.log(
  `the new stream has ${await count()} message, config.settings, and the consumer has been given ${delivered.consumer_seq}`,
)

old.ack()
await connection.flush()
await new Promise((resolve) => setTimeout(resolve, 500))
console.log(`after the acknowledgement of an old message it has ${await count()} messages`)
await connection.close()
JS

cat >expected <<'TEXT'
the new stream has 1 message, config.settings, and the consumer has been given 0
after the acknowledgement of an old message it has 0 messages
TEXT
node check.mjs "$port" | tee seen
diff expected seen
