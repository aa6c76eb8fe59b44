#!/bin/sh
# socket.io 4.8.4 with @socket.io/redis-adapter 8.3.0: one `emit` of a Float32Array sends its memory to some clients, and to the
# others each number cut down to one byte.
#
# With several servers, the adapter passes what one server emits on to the other servers, through Redis. A client of the server
# that emits gets four bytes for each number. A client of another server gets one: fractions and everything above 255 are gone,
# and -1 is 255. No side has an error. In a test with one server, and for the clients that happen to be at the same server in
# production, all is right. Bytes are passed on well, and so are weights as `new Uint8Array(weights.buffer, weights.byteOffset,
# weights.byteLength)`.
#
# ioredis-mock takes the place of Redis here, and passes on bytes as they are; the numbers are cut before.
#
# Seen:
#   client of the server that emits: 12 bytes, 0000003f 000080bf 00009643, then 2 bytes, 0102
#   client of the other server: 3 bytes, 00ff2c, then 2 bytes, 0102
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts socket.io@4.8.4 socket.io-client@4.8.4 \
  @socket.io/redis-adapter@8.3.0 notepack.io@3.0.1 ioredis-mock@8.13.1 ioredis@5.11.1 >/dev/null

cat >check.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import Redis from 'ioredis-mock'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'

const start = async () => {
  const http = createServer()
  const server = new Server(http, { adapter: createAdapter(new Redis(), new Redis()) })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const client = io(`http://127.0.0.1:${http.address().port}`, { transports: ['websocket'] })
  await new Promise((resolve) => client.on('connect', resolve))
  return { server, message: new Promise((resolve) => client.on('weights', (...values) => resolve(values))) }
}
const first = await start()
const second = await start()

// Again and again, as the second server listens to the first one at some time only.
setInterval(() => first.server.emit('weights', Float32Array.of(0.5, -1, 300), Uint8Array.of(1, 2)), 50)
const show = (bytes) => `${bytes.length} bytes, ${bytes.toString('hex').replace(/(.{8})(?=.)/g, '$1 ')}`
for (const [name, message] of [['the server that emits', first.message], ['the other server', second.message]]) {
  const [floats, bytes] = await message
  console.log(`client of ${name}: ${show(floats)}, then ${show(bytes)}`)
}
process.exit()
JS

cat >expected <<'TEXT'
client of the server that emits: 12 bytes, 0000003f 000080bf 00009643, then 2 bytes, 0102
client of the other server: 3 bytes, 00ff2c, then 2 bytes, 0102
TEXT
timeout 60 node check.mjs | tee seen
diff expected seen
