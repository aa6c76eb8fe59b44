import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCrypto } from 'secagg'
import { makeFolder, writeDurably } from './durable-file.js'
import { fromHex, toHex } from './hex.js'

/**
 * The clients that may take part. A client's position in the list is its seat. Server and clients must have the same list
 * before the first round.
 */
export interface Enrolment {
  readonly names: readonly string[]
  readonly publicKeys: readonly Uint8Array[]
  /** The bytes of the file. They are part of every round's context, so that all clients in a sum agree on the list. */
  readonly bytes: Uint8Array
}

const FILE = 'enrolment.json'

export function readEnrolment(folder: string): Enrolment {
  const bytes = readFileSync(join(folder, FILE))
  const entries = JSON.parse(bytes.toString('utf8')) as { name: string; publicKey: string }[]
  return {
    names: entries.map(({ name }) => name),
    publicKeys: entries.map(({ publicKey }) => fromHex(publicKey, 32)),
    bytes: Uint8Array.from(bytes),
  }
}

/**
 * Makes identities for this many clients, unless the file exists. In production, each client makes its own key pair and
 * keeps the private key to itself.
 */
export async function enrol(folder: string, clients: number): Promise<void> {
  if (existsSync(join(folder, FILE))) return
  const { ed25519, randomBytes } = await defaultCrypto()
  makeFolder(folder)
  const entries: { name: string; publicKey: string }[] = []
  for (let index = 0; index < clients; index++) {
    const name = `client-${String(index).padStart(3, '0')}`
    const privateKey = randomBytes(32)
    writeDurably(join(folder, `${name}.key`), toHex(privateKey))
    entries.push({ name, publicKey: toHex(await ed25519.publicKey(privateKey)) })
  }
  // Written last, so that the list never contains a name whose key is missing.
  writeDurably(join(folder, FILE), JSON.stringify(entries, undefined, 2))
}

export function readPrivateKey(folder: string, name: string): Uint8Array {
  return fromHex(readFileSync(join(folder, `${name}.key`), 'utf8'), 32)
}
