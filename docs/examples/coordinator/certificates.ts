import { constants, createPrivateKey, type X509Certificate } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Server, ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import { type Enrolment, readPrivateKey } from './enrolment.js'
import { log } from './log.js'

/** The revocation lists of all authorities. Replace it by renaming a complete file. */
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
    crl: read(REVOCATIONS),
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

/**
 * Uses a new revocation list when the file changes. All connections are closed, also those that are still in their handshake,
 * because any of them may be a client's that is revoked now. The others connect again, and the round continues. Returns
 * a function that ends this.
 */
export function watchRevocations(folder: string, server: Server): () => void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const path = join(folder, REVOCATIONS)
  watchFile(path, { interval: 500, persistent: false }, () => {
    try {
      server.setSecureContext(serverTls(folder))
    } catch (error) {
      log('revocations not read', { error: String(error) })
      return
    }
    log('revocations read', { connections: sockets.size })
    for (const socket of sockets) socket.destroy()
  })
  return () => unwatchFile(path)
}
