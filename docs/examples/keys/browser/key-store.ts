import type { Signer } from 'secagg'
import { p256Signer } from '../p256/ecdsa.js'

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const STORE = 'identity keys'

/** A key in this browser. Scripts of this origin can sign with it, but nothing can read it. */
export interface StoredKey {
  /** DER with its algorithm (SPKI), for the roster. */
  readonly publicKey: Uint8Array
  readonly signer: Signer
}

/** The key of that name from the browser's IndexedDB. The first call makes it. */
export async function storedKey(name: string, database = 'secagg identity'): Promise<StoredKey> {
  const db = await open(database)
  try {
    // Made before the transaction, which ends when anything but the database is awaited.
    const made = await crypto.subtle.generateKey(P256, false, ['sign', 'verify'])
    const { publicKey, privateKey } = await getOrPut(db, name, made)
    const sign = async (message: Uint8Array): Promise<Uint8Array> =>
      new Uint8Array(await crypto.subtle.sign(P256, privateKey, Uint8Array.from(message)))
    return {
      publicKey: new Uint8Array(await crypto.subtle.exportKey('spki', publicKey)),
      signer: p256Signer(sign, 'raw'),
    }
  } finally {
    db.close()
  }
}

function open(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** In one transaction, so that two tabs that start at the same time get the same key. */
function getOrPut(db: IDBDatabase, name: string, made: CryptoKeyPair): Promise<CryptoKeyPair> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' })
    const store = transaction.objectStore(STORE)
    let pair = made
    const request: IDBRequest<CryptoKeyPair | undefined> = store.get(name)
    request.onsuccess = () => {
      if (request.result === undefined) store.put(made, name)
      else pair = request.result
    }
    // Only then is a new key on the disk. A key that was enrolled before that could be lost.
    transaction.oncomplete = () => resolve(pair)
    transaction.onabort = () => reject(transaction.error)
  })
}
