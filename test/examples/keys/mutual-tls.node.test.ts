import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls'
import { defaultCrypto } from 'secagg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket, type WebSocketServer } from 'ws'
import { clientTls, serverTls, watchRevocations } from '../../../docs/examples/coordinator/certificates.js'
import { openDoor } from '../../../docs/examples/coordinator/door.js'
import { readEnrolment, readPrivateKey } from '../../../docs/examples/coordinator/enrolment.js'
import { takePart } from '../../../docs/examples/coordinator/member.js'
import { Metrics } from '../../../docs/examples/coordinator/metrics.js'
import { startService } from '../../../docs/examples/coordinator/service.js'
import { Store } from '../../../docs/examples/coordinator/store.js'
import { countsOf } from '../../../docs/examples/coordinator/task.js'
import { Authority, requestCertificate } from '../../../docs/examples/keys/certificates/authority.js'
import { certifyAll, pairOf, type TlsFolder } from '../../../docs/examples/keys/mutual-tls/certify.js'

vi.mock('../../../docs/examples/coordinator/log.js', () => ({ log: () => {} }))

const SERVER = 'coordinator.example'
const NAMES = [0, 1, 2, 3, 4].map((seat) => `client-00${seat}`)
const validity = { from: new Date(Date.now() - 60_000), days: 30 }
let data: string
let keys: string
let tls: TlsFolder
let server: Server
let door: WebSocketServer
let unwatch: () => void
let metrics: Metrics
const seats: number[] = []

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'secagg-tls-'))
  keys = join(data, 'clients')
  tls = await certifyAll(data, 5, SERVER)
  server = createServer(serverTls(tls.path), (_, response) => response.end('page'))
  metrics = new Metrics()
  door = openDoor({
    http: server,
    name: SERVER,
    enrolment: readEnrolment(keys),
    longest: 10_000,
    metrics,
    certificates: true,
    enter: (seat, socket) => {
      seats.push(seat)
      socket.send(`seat ${seat}`)
    },
  })
  unwatch = watchRevocations(tls.path, server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  unwatch()
  for (const socket of door.clients) socket.terminate()
  door.close()
  server.close()
  server.closeAllConnections()
  rmSync(data, { recursive: true, force: true })
})

const port = (): number => (server.address() as AddressInfo).port
const credentials = (seat: number): ConnectionOptions => clientTls(tls.path, keys, NAMES[seat]!, SERVER)

interface Knock {
  /** What the server said: a seat, or why the connection was closed. */
  readonly answer: string
  readonly socket: WebSocket
  readonly closed: Promise<void>
}

async function knock(options: ConnectionOptions): Promise<Knock> {
  const socket = new WebSocket(`wss://127.0.0.1:${port()}`, options)
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const answer = await new Promise<string>((resolve) => {
    socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
    socket.on('close', (_, reason) => resolve(String(reason)))
    socket.on('message', (text) => resolve(String(text)))
  })
  return { answer, socket, closed }
}

/** A certificate for the private key of a seat, in another name or by another authority. */
async function certificateFor(
  privateKey: Uint8Array,
  name: string,
  authority = tls.authority,
): Promise<string> {
  const request = await requestCertificate(await pairOf(privateKey))
  return (await authority.enroll(name, request, validity)).toString('pem')
}

describe('mutual TLS in place of signed hellos', () => {
  test('rounds have the right sum, and a client that is revoked between them is not in the second', async () => {
    const folder = join(data, 'rounds')
    const own = await certifyAll(folder, 5, SERVER)
    const options = { data: folder, name: SERVER, clients: 5, port: 0, deadline: 2500, tls: own.path }
    const service = await startService(options)
    const enrolment = readEnrolment(join(folder, 'clients'))
    const crypto = await defaultCrypto()
    const join5 = (members: readonly number[]): Promise<unknown> =>
      Promise.all(
        members.map((seat) =>
          takePart(
            {
              name: NAMES[seat]!,
              folder: join(folder, 'clients'),
              url: `wss://127.0.0.1:${service.port}`,
              server: SERVER,
              tls: clientTls(own.path, join(folder, 'clients'), NAMES[seat]!, SERVER),
              enrolment,
              crypto,
            },
            1,
          ),
        ),
      )
    const sumOf = (members: readonly number[], round: number): number[] =>
      Array.from(countsOf(0, round), (_, thing) =>
        members.reduce((total, seat) => total + countsOf(seat, round)[thing]!, 0),
      )
    try {
      const running = service.coordinator.run(2)
      await join5([0, 1, 2, 3, 4])
      const all = [0, 1, 2, 3, 4]
      expect(await service.store.result(1)).toEqual({ round: 1, survivors: all, sum: sumOf(all, 1) })
      await own.revoke(1)
      const others = [0, 2, 3, 4]
      await join5(others)
      await running
      expect(await service.store.result(2)).toEqual({ round: 2, survivors: others, sum: sumOf(others, 2) })
    } finally {
      await service.close()
    }
  })

  test('the seat is that of the key, whatever name the certificate has', async () => {
    const { answer, socket } = await knock(credentials(3))
    expect(answer).toBe('seat 3')
    socket.terminate()
    const misnamed = await certificateFor(readPrivateKey(keys, NAMES[2]!), NAMES[1]!)
    const other = await knock({ ...credentials(2), cert: misnamed })
    expect(other.answer).toBe('seat 2')
    other.socket.terminate()
  })

  test("another client's certificate is of no use without its key", () => {
    expect(() => createSecureContext({ ...credentials(2), cert: credentials(1).cert })).toThrow(
      'key values mismatch',
    )
  })

  test('a key that is not enrolled has no seat, even if the authority has certified it', async () => {
    const privateKey = new Uint8Array(32).fill(9)
    writeFileSync(join(keys, 'stranger.key'), Buffer.from(privateKey).toString('hex'))
    writeFileSync(join(tls.path, 'stranger.pem'), await certificateFor(privateKey, NAMES[1]!))
    const { answer } = await knock(clientTls(tls.path, keys, 'stranger', SERVER))
    expect(answer).toBe('unknown_certificate')
    expect(metrics.text()).toContain('connections_total{result="unknown_certificate"} 1')
  })

  test('without a certificate, and with one by another authority, nobody gets a page or a seat', async () => {
    const before = seats.length
    const other = await Authority.createRoot('Example clients', validity)
    const forged = await certificateFor(readPrivateKey(keys, NAMES[1]!), NAMES[1]!, other)
    const { cert: _, key: __, ...anonymous } = credentials(1)
    for (const options of [anonymous, { ...credentials(1), cert: forged }]) {
      expect((await knock(options)).answer).toMatch(/ECONNRESET|EPIPE|ERR_SSL|hang up/)
      expect(await responseTo(options)).not.toContain('page')
    }
    expect(await responseTo(credentials(1))).toContain('page')
    expect(seats).toHaveLength(before)
  })

  test('a client refuses another server, and TLS before version 1.3', async () => {
    expect((await knock({ ...credentials(1), servername: 'another.example' })).answer).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
    const other = await Authority.createRoot('Another', validity)
    const ca = other.certificate.toString('pem')
    expect((await knock({ ...credentials(1), ca })).answer).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/)
    const old = { ...credentials(1), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    expect((await knock(old)).answer).toMatch(/EPROTO|PROTOCOL_VERSION/)
  })

  test('a revoked client loses its connections, and gets no new ones, also not by resuming a session', async () => {
    const sessions: Buffer[] = []
    const first = await open(credentials(4), sessions)
    await responseOf(first)
    expect(sessions.length).toBeGreaterThan(0)
    const waiting = await knock(credentials(4))
    expect(waiting.answer).toBe('seat 4')
    const innocent = await knock(credentials(0))
    // It has identified itself, and asks for nothing until its certificate is revoked.
    const held = await open(credentials(4))
    const end = new Promise<void>((resolve) => held.once('close', () => resolve()))

    await tls.revoke(4)
    await Promise.all([waiting.closed, innocent.closed, end])
    expect((await knock(credentials(4))).answer).toMatch(/ECONNRESET|EPIPE|ERR_SSL|hang up/)
    const again = await knock(credentials(0))
    expect(again.answer).toBe('seat 0')
    again.socket.terminate()
    for (const session of sessions) {
      expect(await responseTo({ ...credentials(4), session })).not.toContain('page')
    }
  })

  test('sessions are not resumed', async () => {
    const sessions: Buffer[] = []
    await responseOf(await open(credentials(0), sessions))
    const again = await open({ ...credentials(0), session: sessions.at(-1)! })
    expect(again.isSessionReused()).toBe(false)
    expect(await responseOf(again)).toContain('page')
  })
})

describe('revocation lists', () => {
  test('one that is published while the server starts is used', async () => {
    const folder = join(data, 'starting')
    const own = await certifyAll(folder, 5, SERVER)
    const open = Store.open.bind(Store)
    const opening = vi.spyOn(Store, 'open').mockImplementationOnce(async (path) => {
      await own.revoke(1)
      return open(path)
    })
    const options = { data: folder, name: SERVER, clients: 5, port: 0, deadline: 2500, tls: own.path }
    const service = await startService(options)
    try {
      expect(opening).toHaveBeenCalledOnce()
      const of = (seat: number) => clientTls(own.path, join(folder, 'clients'), NAMES[seat]!, SERVER)
      expect(await responseTo(of(0), service.port)).toContain('HTTP/1.1')
      expect(await responseTo(of(1), service.port)).toBe('')
    } finally {
      opening.mockRestore()
      await service.close()
    }
  })

  test('there may be one of each of several authorities in the file', async () => {
    const folder = join(data, 'two')
    const { path } = await certifyAll(folder, 5, SERVER)
    const second = await Authority.createRoot('Second', validity)
    const of = async (seat: number): Promise<ConnectionOptions> => {
      const privateKey = readPrivateKey(join(folder, 'clients'), NAMES[seat]!)
      const request = await requestCertificate(await pairOf(privateKey))
      const certificate = await second.enroll(NAMES[seat]!, request, validity)
      if (seat === 2) second.revoke(certificate, new Date())
      return { ...ofFirst(seat), cert: certificate.toString('pem') }
    }
    const ofFirst = (seat: number) => clientTls(path, join(folder, 'clients'), NAMES[seat]!, SERVER)
    const [good, revoked] = [await of(1), await of(2)]
    appendFileSync(join(path, 'ca.pem'), `\n${second.certificate.toString('pem')}\n`)
    const list = (await second.revocations(validity)).toString('pem')
    appendFileSync(join(path, 'crl.pem'), `Second\n${list.replaceAll(' CRL-----', ' X509 CRL-----')}\n`)

    const both = createServer(serverTls(path), (_, response) => response.end('page'))
    await new Promise<void>((resolve) => both.listen(0, '127.0.0.1', resolve))
    const { port } = both.address() as AddressInfo
    try {
      expect(await responseTo(ofFirst(0), port)).toContain('page')
      expect(await responseTo(good, port)).toContain('page')
      expect(await responseTo(revoked, port)).toBe('')
    } finally {
      both.close()
    }
  })

  test('a file without a list is refused, so that the server does not run without revocation', async () => {
    const { path } = await certifyAll(join(data, 'none'), 5, SERVER)
    writeFileSync(join(path, 'crl.pem'), '')
    expect(() => serverTls(path)).toThrow('crl.pem has no revocation list')
  })
})

/** A TLS connection on which nothing was sent yet. */
function open(options: ConnectionOptions, sessions: Buffer[] = [], to = port()): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, host: '127.0.0.1', port: to }, () => resolve(socket))
    socket.on('session', (session) => sessions.push(session))
    socket.on('error', reject)
  })
}

function responseOf(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    socket.on('close', () => resolve(text))
    socket.write('GET / HTTP/1.1\r\nHost: coordinator.example\r\nConnection: close\r\n\r\n')
  })
}

async function responseTo(options: ConnectionOptions, to = port()): Promise<string> {
  return open(options, [], to).then(responseOf, () => '')
}
