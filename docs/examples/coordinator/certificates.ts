import { constants, createPrivateKey, type X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Server, ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import { type Enrolment, readPrivateKey } from './enrolment.js'
import { log } from './log.js'

/** The revocation lists of all authorities, one after another. Replace it by renaming a complete file. */
const REVOCATIONS = 'crl.pem'

/**
 * TLS for a server whose clients identify themselves by certificates: mutual TLS. Since TLS 1.3, the client's signature covers
 * a label, so it cannot be mistaken for a signature within a round, although the key is the same.
 */
export function serverTls(folder: string): ServerOptions {
  const read = (name: string): Buffer => readFileSync(join(folder, name))
  return {
    minVersion: 'TLSv1.3',
    cert: read('server.pem'),
    key: read('server.key'),
    ca: read('ca.pem'),
    crl: blocksOf(read(REVOCATIONS).toString()),
    requestCert: true,
    rejectUnauthorized: true,
    // A resumed session would rely on the check of an earlier connection, which the list may have overtaken.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/** TLS for a client. Its certificate has the key that it also signs with in the rounds. */
export function clientTls(folder: string, keys: string, name: string, server: string): ConnectionOptions {
  return {
    minVersion: 'TLSv1.3',
    ca: readFileSync(join(folder, 'ca.pem')),
    cert: readFileSync(join(folder, `${name}.pem`)),
    key: pemOf(readPrivateKey(keys, name)),
    // The name in the server's certificate. The address may be another.
    servername: server,
  }
}

/** The seat whose enrolled key is the one in the certificate of this connection. The name in the certificate does not count. */
export function seatOf({ socket }: IncomingMessage, { publicKeys }: Enrolment): number | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized || socket.isSessionReused()) return undefined
  const key = publicKeyOf(socket.getPeerX509Certificate())
  if (key === undefined) return undefined
  const seat = publicKeys.findIndex((publicKey) => key.equals(publicKey))
  return seat < 0 ? undefined : seat
}

function publicKeyOf(certificate: X509Certificate | undefined): Buffer | undefined {
  if (certificate?.publicKey.asymmetricKeyType !== 'ed25519') return undefined
  return Buffer.from(certificate.publicKey.export({ format: 'jwk' }).x!, 'base64url')
}

/** A private key of 32 bytes as PKCS #8. */
function pemOf(privateKey: Uint8Array): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), privateKey])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

/** Each list on its own, because Node reads only the first one of a text. Without any list it would not check revocation at all. */
function blocksOf(pem: string): string[] {
  const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '))
  if (blocks.length === 0) throw new Error(`${REVOCATIONS} has no revocation list`)
  return blocks
}

/**
 * Reads the revocation lists now, and again whenever the file changes. Then all connections are closed, also those that are still
 * in their handshake, because any of them may be a client's that is revoked now. The others connect again, and the round
 * continues. Call it before the server listens. Returns a function that ends this.
 */
export function watchRevocations(folder: string, server: Server): () => void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const path = join(folder, REVOCATIONS)
  let used: string | undefined
  let failed: string | undefined
  const check = (): void => {
    // Before the file is read: whatever replaces it from here on is another version, and read next time.
    const version = versionOf(path)
    if (version === used) return
    try {
      server.setSecureContext(serverTls(folder))
    } catch (error) {
      // It is tried again, but one line in the log is enough.
      if (version !== failed) log('revocations not read', { error: String(error) })
      failed = version
      return
    }
    used = version
    failed = undefined
    log('revocations read', { connections: sockets.size })
    for (const socket of sockets) socket.destroy()
  }
  check()
  // `watchFile` looks at the file for the first time after it has returned, and would miss a change before that.
  const timer = setInterval(check, 500).unref()
  return () => clearInterval(timer)
}

function versionOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'missing' : [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join()
}
