import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { ingestCommand } from '../../src/cli/ingest-command.js'
import { withNotice } from '../../src/cli/options.js'

const KEY = 'ab'.repeat(32)

test('wrong options of the ingest process are explained', async () => {
  const refused = (args: readonly string[], text: RegExp) =>
    expect(ingestCommand(args)).rejects.toMatchObject({
      name: 'UsageProblem',
      message: expect.stringMatching(text),
    })
  delete process.env.SECAGG_CLUSTER_KEY
  await refused([], /--nats is missing/)
  await refused(['--nats', 'localhost', '--listen', '0'], /SECAGG_CLUSTER_KEY is missing/)
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--key-file', '/does/not/exist'],
    /--key-file: ENOENT/,
  )
  await refused(['--nats', 'localhost'], /--listen is missing/)
  await refused(['--nats', 'localhost', '--listen', 'two'], /--listen must be a whole number/)
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--metrics', '70000'],
    /--metrics must be a whole number/,
  )
  process.env.SECAGG_CLUSTER_KEY = KEY.slice(2)
  await refused(['--nats', 'localhost', '--listen', '0'], /64 hexadecimal digits/)
  process.env.SECAGG_CLUSTER_KEY = KEY
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--address', 'http://a.example'],
    /--address must begin with wss:\/\/ or ws:\/\/, not "http:\/\/a.example"/,
  )
  await refused(['--nats', 'localhost', '--listen', '0', '--host', '0.0.0.0'], /needs --address/)
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--credentials', '/does/not/exist'],
    /--credentials: ENOENT/,
  )
  delete process.env.SECAGG_CLUSTER_KEY
})

/** A broker that refuses whoever connects: at once, or after `refuse` is called. */
async function brokerThat(
  answer: 'refuses' | 'is silent',
): Promise<{ server: Server; port: number; refuse(): void }> {
  let refuse = (): void => {}
  const promise = new Promise<void>((resolve) => {
    refuse = resolve
  })
  if (answer === 'refuses') refuse()
  const server = createServer(async (socket) => {
    socket.on('error', () => {})
    await promise
    socket.write(
      'INFO {"server_id":"x","version":"2.9.0","proto":1,"max_payload":1048576,"auth_required":true}\r\n',
    )
    socket.once('data', () => socket.end("-ERR 'Authorization Violation'\r\n"))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as { port: number }).port, refuse }
}

const freePort = async (): Promise<number> => {
  const { server, port } = await brokerThat('is silent')
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A connection that has become a WebSocket. */
async function upgraded(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.on('error', reject).on('connect', resolve))
  socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

test('an ingest process that the broker refuses ends, and leaves its port', async () => {
  process.env.SECAGG_CLUSTER_KEY = KEY
  const { server, port } = await brokerThat('refuses')
  const own = await freePort()
  const args = ['--nats', `127.0.0.1:${port}`, '--listen', String(own)]
  await expect(ingestCommand(args)).rejects.toMatchObject({
    code: 'connection-lost',
    message: 'the broker cannot be reached',
    cause: { message: expect.stringMatching(/authorization violation/i) },
  })
  const next = createServer()
  await new Promise<void>((resolve, reject) => next.on('error', reject).listen(own, '127.0.0.1', resolve))
  next.close()
  server.close()
  delete process.env.SECAGG_CLUSTER_KEY
})

test('what a client sends before the broker answers does not end an ingest process', async () => {
  process.env.SECAGG_CLUSTER_KEY = KEY
  const { server, port, refuse } = await brokerThat('is silent')
  const own = await freePort()
  const ended = ingestCommand(['--nats', `127.0.0.1:${port}`, '--listen', String(own)])
  const client = await vi.waitFor(() => upgraded(own))
  client.write(Uint8Array.of(0xff, 0)) // not a frame
  await new Promise((resolve) => client.on('close', resolve))
  refuse()
  await expect(ended).rejects.toMatchObject({ message: 'the broker cannot be reached' })
  server.close()
  delete process.env.SECAGG_CLUSTER_KEY
})

test('a command that waits for the broker says so', async () => {
  vi.useFakeTimers()
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    let connect = (): void => {}
    const waiting = withNotice(
      new Promise<void>((resolve) => {
        connect = resolve
      }),
      ['a:4222', 'b:4222'],
    )
    vi.advanceTimersByTime(2999)
    expect(write).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(write.mock.calls.join('')).toContain('waiting for the broker at a:4222, b:4222')
    connect()
    await waiting
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    write.mockRestore()
    vi.useRealTimers()
  }
})
