import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { natsIngest, natsUnmasker, runIngest, runWorker } from 'secagg/nats'
import { describe, expect, test } from 'vitest'
import { startNatsServer } from '../support/nats-server.js'
import { storeFor } from './commands.js'
import { KEY } from './support.js'

/** Everything that connects to a broker. */
const programs = {
  worker: (servers: string) => runWorker({ connection: { servers }, key: KEY }),
  unmasker: (servers: string) => natsUnmasker({ connection: { servers }, key: KEY }),
  ingest: (servers: string) => runIngest({ connection: { servers }, key: KEY, address: 'ws://127.0.0.1:1' }),
  coordinator: (servers: string) => natsIngest({ connection: { servers }, key: KEY, storeFor }),
}

/** Reads what comes, so that the end is noticed. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => undefined).resume()
}

const isOpen = (socket: Socket): boolean => !socket.closed && !socket.readableEnded

describe.concurrent('a broker that cannot serve the cluster', () => {
  test('it accepts connections, and says nothing', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => sockets.push(quiet(socket)))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const servers = `127.0.0.1:${port}`
    const start = performance.now()
    const ends = Object.values(programs).map((connect) => connect(servers))
    // The first thing that the broker hears is TLS.
    const tls = { handshakeFirst: true }
    ends.push(runWorker({ connection: { servers, tls }, key: KEY }) as never)
    const ofTheProgram = quiet(connectSocket(port, '127.0.0.1'))
    await once(ofTheProgram, 'connect')
    for (const { reason } of (await Promise.allSettled(ends)) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'connection-lost', message: 'the broker cannot be reached' })
    }
    expect(performance.now() - start).toBeLessThan(15_000)
    expect(sockets).toHaveLength(ends.length + 1)
    // A socket that is left open would keep the process alive.
    while (sockets.filter(isOpen).length > 1) await sleep(20)
    expect(isOpen(ofTheProgram)).toBe(true)
    ofTheProgram.destroy()
    server.close()
  })

  test('it says nothing after a worker lost its connection, and the worker is closed', async () => {
    const broker = await startNatsServer()
    const [host, port] = broker.servers.split(':')
    const answered: Socket[] = []
    const unanswered: Socket[] = []
    let isSilent = false
    const server = createServer((socket) => {
      quiet(socket)
      if (isSilent) return unanswered.push(socket)
      answered.push(socket)
      const further = quiet(connectSocket(Number(port), host))
      return socket.pipe(further).pipe(socket)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const servers = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const worker = await runWorker({ connection: { servers }, key: KEY, threads: 0 })
    isSilent = true
    for (const socket of answered) socket.destroy()
    while (unanswered.length === 0) await sleep(20)
    await worker.close()
    while (unanswered.some(isOpen)) await sleep(20)
    server.close()
    await broker.close()
  })

  test('it has no JetStream', async () => {
    const broker = await startNatsServer('')
    const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', cli, 'worker', '--nats', broker.servers], {
      env: { ...process.env, SECAGG_CLUSTER_KEY: Buffer.from(KEY).toString('hex') },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
    const ended = once(child, 'exit')
    const text = 'the broker has no JetStream'
    const ends = [programs.worker, programs.unmasker].map((connect) =>
      expect(connect(broker.servers)).rejects.toMatchObject({ code: 'unsupported', message: text }),
    )
    await Promise.all(ends)
    // Vectors do not go through streams.
    for (const connect of [programs.ingest, programs.coordinator])
      await (await connect(broker.servers)).close()
    expect(await ended).toEqual([2, null])
    expect(output).toContain(text)
    expect(output).not.toContain('connected')
    await broker.close()
  })

  test('it allows only short messages', async () => {
    const broker = await startNatsServer('max_payload: 32KB\njetstream: true')
    const text = (limit: number): object => ({
      code: 'unsupported',
      message: `the broker must allow messages of ${limit} KiB or more`,
    })
    await expect(programs.unmasker(broker.servers)).rejects.toMatchObject(text(64))
    for (const connect of [programs.ingest, programs.coordinator]) {
      await expect(connect(broker.servers)).rejects.toMatchObject(text(1024))
    }
    await broker.close()
  })
})
