import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The path of nats-server. Debian puts it into a folder that is not on everybody's PATH. */
export function findNatsServer(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path))
}

/** A broker on loopback, for one test. */
export interface TestBroker {
  readonly servers: string
  /** Ends it as if the machine lost power. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** Ends it and deletes its files. */
  close(): Promise<void>
}

/** Starts a broker on a free port. Default: with JetStream. */
export async function startNatsServer(settings?: string): Promise<TestBroker> {
  const path = findNatsServer()
  if (path === undefined) throw new Error('no nats-server')
  const folder = mkdtempSync(join(tmpdir(), 'secagg-nats-'))
  const port = await freePort()
  const config = join(folder, 'nats.conf')
  writeFileSync(
    config,
    `listen: 127.0.0.1:${port}\n${settings ?? `jetstream { store_dir: "${folder}/data" }`}\n`,
  )
  let process: ChildProcess | undefined
  const start = async (): Promise<void> => {
    process = spawn(path, ['-c', config], { stdio: 'ignore' })
    while (!(await canConnect(port))) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const kill = async (): Promise<void> => {
    const running = process
    process = undefined
    if (running === undefined) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    servers: `127.0.0.1:${port}`,
    kill,
    start,
    close: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A port of 127.0.0.1 that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** A port with which the next `count` are free, too. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort()
    const isFree = async (port: number): Promise<boolean> => port < 65_536 && !(await canConnect(port))
    const checks = Array.from({ length: count }, (_, index) => isFree(first + index))
    if ((await Promise.all(checks)).every((free) => free)) return first
  }
}
