import { type Clock, timer } from './clock.js'
import type { Connection } from './connection.js'
import { ignore } from './ending.js'
import { encodeNotice } from './notices.js'

/** Milliseconds that a client takes to say that nothing more will come from it. */
const FAREWELL = 2000

/** Waits for `work`, for a while, whatever becomes of it. */
export async function briefly(clock: Clock, work: Promise<unknown>): Promise<void> {
  let cancel = ignore
  const late = new Promise<void>((resolve) => {
    cancel = timer(clock, FAREWELL, resolve)
  })
  await Promise.race([work.then(ignore, ignore), late])
  cancel()
}

/** Tells the server that nothing more will come, so that nobody waits for this client. */
export async function leave(connection: Connection): Promise<void> {
  await connection.send(encodeNotice({ kind: 'leaving' }))
}
