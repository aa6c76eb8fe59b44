import { reasonOf } from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'

/**
 * What the drivers tell each other beside the messages of the protocol: a zero, where those have their version, the
 * kind, and perhaps a word. Nothing of it is trusted with more than when to stop.
 */
export type Notice =
  /** To a client: the sum is there, and whether its input is in it. */
  | { readonly kind: 'finished'; readonly included: boolean }
  /** To a client: there will be no sum. */
  | { readonly kind: 'aborted'; readonly code: string }
  /** To a client: the round goes on without it. */
  | { readonly kind: 'late' }
  /** To a client: what it has sent was refused. */
  | { readonly kind: 'refused'; readonly code: string }
  /** To a client: another connection has its seat. */
  | { readonly kind: 'replaced' }
  /** To the server: nothing more will come from this client. */
  | { readonly kind: 'leaving' }
  /** Either way: is somebody there? To a client only after it has asked so, as earlier versions know of no heartbeats. */
  | { readonly kind: 'ping' }
  /** Either way: somebody is there. */
  | { readonly kind: 'pong' }

const MARK = 0
const KINDS: readonly Notice['kind'][] = [
  'finished',
  'aborted',
  'late',
  'refused',
  'replaced',
  'leaving',
  'ping',
  'pong',
]

const LONGEST_WORD = 62

/** The longest notice in bytes; no round's longest messages are that short. */
const LONGEST_NOTICE = 2 + LONGEST_WORD

export function encodeNotice(notice: Notice): Bytes {
  const word = wordOf(notice)
  return Uint8Array.from([
    MARK,
    KINDS.indexOf(notice.kind),
    ...[...word].map((letter) => letter.charCodeAt(0)),
  ])
}

export function isNotice(bytes: Uint8Array): boolean {
  return bytes[0] === MARK
}

/** `undefined` where the bytes are no notice that there is. */
export function decodeNotice(bytes: Uint8Array): Notice | undefined {
  const kind = KINDS[bytes[1] ?? KINDS.length]
  if (!isNotice(bytes) || kind === undefined || bytes.length > LONGEST_NOTICE) return undefined
  const word = String.fromCharCode(...bytes.subarray(2))
  if (!/^[a-z-]*$/.test(word)) return undefined
  switch (kind) {
    case 'finished':
      return { kind, included: word === INCLUDED }
    case 'aborted':
    case 'refused':
      return { kind, code: word }
    default:
      return { kind }
  }
}

const INCLUDED = 'included'

function wordOf(notice: Notice): string {
  if (notice.kind === 'finished') return notice.included ? INCLUDED : ''
  return 'code' in notice ? notice.code.slice(0, LONGEST_WORD) : ''
}

/** Something that ends once, and with it all that waits under it. */
export class Ending {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #over = false
  #reason: unknown

  get over(): boolean {
    return this.#over
  }

  /** Why it is over, where it is. */
  get reason(): unknown {
    return this.#reason
  }

  /** Only the first reason counts. */
  end(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reason = reason
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const reject of waiting) reject(reason)
  }

  /** Settles as `work` does, or rejects with the reason once this has ended. Nothing is kept of what has settled. */
  race<T>(work: T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = (): boolean => this.#waiting.delete(reject)
      Promise.resolve(work).then(resolve, reject).then(settled)
      if (this.#over) reject(this.#reason)
      else this.#waiting.add(reject)
    })
  }
}

/** Ends `ending` with the signal's reason; what it returns lets go of the signal. */
export function endBy(signal: AbortSignal | undefined, ending: Ending): () => void {
  if (signal === undefined) return ignore
  const abort = (): void => ending.end(reasonOf(signal))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  return () => signal.removeEventListener('abort', abort)
}

export function ignore(): void {}
