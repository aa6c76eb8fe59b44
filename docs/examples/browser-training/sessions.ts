/**
 * Notes that this client uses a session id, and returns whether it is the first time. Two rounds under one id would reveal
 * the difference of two updates. The note must outlive the page, and two tabs must not both succeed, so it is a key that
 * IndexedDB adds once.
 */
export async function claimSession(client: string, sessionId: Uint8Array): Promise<boolean> {
  const database = await opened()
  try {
    const transaction = database.transaction('sessions', 'readwrite', { durability: 'strict' })
    const done = new Promise<boolean>((resolve, reject) => {
      transaction.oncomplete = () => resolve(true)
      transaction.onabort = () =>
        transaction.error?.name === 'ConstraintError' ? resolve(false) : reject(transaction.error)
    })
    transaction.objectStore('sessions').add(Date.now(), `${client} ${sessionId.join()}`)
    return await done
  } finally {
    database.close()
  }
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('browser-training', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('sessions')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
