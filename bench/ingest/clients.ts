/** Scripted clients of one round in one process. A client connects for one message, and leaves. */
import { once } from 'node:events'
import process from 'node:process'
import { nodeCrypto } from 'secagg/crypto'
import { WebSocket } from 'ws'
import { decodeNotice } from '../../src/transport/notices.js'
import { ScriptedClient } from './script.js'
import { configOf, dropsIn, type Shape } from './shape.js'

const [shapeText = '', port = '', from = '', to = '', width = ''] = process.argv.slice(2)
const shape = JSON.parse(shapeText) as Shape
const config = configOf(shape)
const drops = dropsIn(shape)
const crypto = nodeCrypto()!
const clients = Array.from(
  { length: Number(to) - Number(from) },
  (_, index) => new ScriptedClient(config, crypto, Number(from) + index, drops),
)

interface Dialog {
  readonly socket: WebSocket
  /** Sends a message, with backpressure. */
  send(bytes: Uint8Array): Promise<void>
  /** The next message that `wanted` accepts. */
  find<T>(wanted: (bytes: Uint8Array) => T | undefined): Promise<T>
  close(): Promise<void>
}

async function dial(address: string): Promise<Dialog> {
  const socket = new WebSocket(address, { perMessageDeflate: false })
  const inbox: Uint8Array[] = []
  let wake = (): void => undefined
  let end: Error | undefined
  socket.on('message', (bytes: Buffer) => {
    inbox.push(bytes)
    wake()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      end = new Error('the connection was closed')
      wake()
      resolve()
    })
  })
  await Promise.race([once(socket, 'open'), closed])
  if (socket.readyState !== WebSocket.OPEN) throw new Error('no connection')
  return {
    socket,
    send: (bytes) =>
      new Promise((resolve, reject) => socket.send(bytes, (error) => (error ? reject(error) : resolve()))),
    find: async (wanted) => {
      for (;;) {
        for (let bytes = inbox.shift(); bytes !== undefined; bytes = inbox.shift()) {
          const found = wanted(bytes)
          if (found !== undefined) return found
        }
        if (end !== undefined) throw end
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    close: async () => {
      socket.close()
      await closed
    },
  }
}

const ofType =
  (type: number) =>
  (bytes: Uint8Array): Uint8Array | undefined =>
    bytes[0] === 2 && bytes[1] === type ? bytes : undefined

/** Sends the vector to where the server says. */
async function upload(client: ScriptedClient, server: Dialog): Promise<void> {
  let hasShares = false
  let place: { readonly address: string; readonly ticket: Uint8Array } | undefined
  await server.find((bytes) => {
    const notice = decodeNotice(bytes)
    if (notice?.kind === 'upload') place = notice
    hasShares ||= ofType(4)(bytes) !== undefined
    return (hasShares && (shape.isAlone || place !== undefined)) || undefined
  })
  if (place === undefined) {
    for await (const bytes of client.vector()) await server.send(bytes)
    return server.close()
  }
  await server.close()
  const ingest = await dial(place.address)
  await ingest.send(place.ticket)
  for await (const bytes of client.vector()) await ingest.send(bytes)
  const word = await ingest.find(decodeNotice)
  if (word.kind !== 'finished') throw new Error(`the vector was answered with ${JSON.stringify(word)}`)
  await ingest.close()
}

const phases: readonly ((client: ScriptedClient, server: Dialog) => Promise<void>)[] = [
  async (client, server) => {
    await server.send(await client.advertiseKeys())
    await server.close()
  },
  async (client, server) => {
    await server.send(await client.shareKeys(await server.find(ofType(2))))
    await server.close()
  },
  upload,
  async (client, server) => {
    await server.find(ofType(6))
    await server.send(client.unmasking())
    await server.close()
  },
]

for (const [number, phase] of phases.entries()) {
  const queue = clients.entries()
  const work = async (): Promise<void> => {
    for (const [index, client] of queue) {
      const seat = Number(from) + index
      if (number >= 2 && drops(seat)) continue
      for (let tries = 0; ; tries++) {
        try {
          await phase(client, await dial(`ws://127.0.0.1:${port}/${seat}`))
          break
        } catch (error) {
          if (tries === 20) throw error
          process.stderr.write(`seat ${seat}, phase ${number}: ${error}\n`)
          await new Promise((resolve) => setTimeout(resolve, 500))
        }
      }
    }
  }
  await Promise.all(Array.from({ length: Number(width) }, work))
}
