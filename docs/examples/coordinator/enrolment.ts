import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCrypto } from 'secagg'
import { makeFolder, writeDurably } from './durable-file.js'
import { fromHex, toHex } from './hex.js'

/** Who may take part: a client's seat is its place in the list. Server and clients have the same list, beforehand. */
export interface Enrolment {
  readonly names: readonly string[]
  readonly publicKeys: readonly Uint8Array[]
  /** The file, byte by byte: it goes into the context of every round, so that all who are in a sum agree on it. */
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
 * Makes identities for so many clients, unless there are some. In earnest every client makes its own, and shows nobody
 * but itself the private key.
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
  // Last, so that there is no list with names whose keys are missing.
  writeDurably(join(folder, FILE), JSON.stringify(entries, undefined, 2))
}

export function readPrivateKey(folder: string, name: string): Uint8Array {
  return fromHex(readFileSync(join(folder, `${name}.key`), 'utf8'), 32)
}
