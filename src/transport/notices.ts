import { reasonOf } from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'

/**
 * What the drivers tell each other in addition to the messages of the protocol. A notice consists of a zero byte (at the
 * place of a message's version), a byte for its kind, and sometimes a word. Notices decide when to stop, nothing else.
 */
export type Notice =
  /** To a client: the server has the sum. `included` tells whether the client's input is in it. */
  | { readonly kind: 'finished'; readonly included: boolean }
  /** To a client: there will be no sum. */
  | { readonly kind: 'aborted'; readonly code: string }
  /** To a client: the round continues without it. */
  | { readonly kind: 'late' }
  /** To a client: a message that it sent was refused. */
  | { readonly kind: 'refused'; readonly code: string }
  /** To a client: another connection has taken over its seat. */
  | { readonly kind: 'replaced' }
  /** To the server: this client will send nothing more. */
  | { readonly kind: 'leaving' }
  /** In both directions: asks for a `pong`. Sent to a client only after its own `ping`: earlier versions know neither. */
  | { readonly kind: 'ping' }
  /** In both directions: answers a `ping`. */
  | { readonly kind: 'pong' }
  /** To a client: where its masked vector goes. Without a ticket, the client first sends the proof before its vector. */
  | { readonly kind: 'upload'; readonly address: string; readonly ticket: Bytes }

/** A notice with which a conversation ends. */
export type LastWord = Exclude<Notice, { kind: 'upload' }>

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
  'upload',
]

const LONGEST_WORD = 62

/** The longest notice in bytes. The longest message of every round is longer than this. */
const LONGEST_NOTICE = 2 + LONGEST_WORD

export function encodeNotice(notice: Notice): Bytes {
  if (notice.kind === 'upload') return encodeUpload(notice)
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

/** Decodes a notice; `undefined` if the bytes are not a valid one. */
export function decodeNotice(bytes: Uint8Array): Notice | undefined {
  const kind = KINDS[bytes[1] ?? KINDS.length]
  if (isNotice(bytes) && kind === 'upload') return decodeUpload(bytes)
  if (!isNotice(bytes) || kind === undefined || bytes.length > LONGEST_NOTICE) return undefined
  const word = String.fromCharCode(...bytes.subarray(2))
  if (!/^[a-z-]*$/.test(word)) return undefined
  switch (kind) {
    case 'finished':
      return { kind, included: word === INCLUDED }
    case 'aborted':
    case 'refused':
      return { kind, code: word }
    case 'upload':
      return undefined
    default:
      return { kind }
  }
}

/** The longest notice about an upload, in bytes. Short rounds may have no message of this length. */
export const LONGEST_UPLOAD = 2048

/** The length of the address, the address, the ticket. */
function encodeUpload({ address, ticket }: Extract<Notice, { kind: 'upload' }>): Bytes {
  const letters = [...address].map((letter) => letter.charCodeAt(0))
  const head = [MARK, KINDS.indexOf('upload'), letters.length & 255, letters.length >> 8]
  return Uint8Array.from([...head, ...letters, ...ticket])
}

function decodeUpload(bytes: Uint8Array): Notice | undefined {
  const end = 4 + (bytes[2] ?? 0) + 256 * (bytes[3] ?? 0)
  if (bytes.length > LONGEST_UPLOAD || end > bytes.length) return undefined
  const address = String.fromCharCode(...bytes.subarray(4, end))
  if (!/^[!-~]+$/.test(address)) return undefined
  return { kind: 'upload', address, ticket: new Uint8Array(bytes.subarray(end)) }
}

const INCLUDED = 'included'

function wordOf(notice: Notice): string {
  if (notice.kind === 'finished') return notice.included ? INCLUDED : ''
  return 'code' in notice ? notice.code.slice(0, LONGEST_WORD) : ''
}

/** The end of something, which happens once. It also ends everything that waits in {@link race}. */
export class Ending {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #over = false
  #reason: unknown

  get over(): boolean {
    return this.#over
  }

  /** The reason of the end, once it has come. */
  get reason(): unknown {
    return this.#reason
  }

  /** Ends it. Later calls have no effect. */
  end(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reason = reason
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const reject of waiting) reject(reason)
  }

  /** Settles like `work`, or rejects with the reason once this has ended. Keeps no reference to settled work. */
  race<T>(work: T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = (): boolean => this.#waiting.delete(reject)
      Promise.resolve(work).then(resolve, reject).then(settled)
      if (this.#over) reject(this.#reason)
      else this.#waiting.add(reject)
    })
  }
}

/** Ends `ending` with the signal's reason when the signal aborts. The function that it returns removes the listener. */
export function endBy(signal: AbortSignal | undefined, ending: Ending): () => void {
  if (signal === undefined) return ignore
  const abort = (): void => ending.end(reasonOf(signal))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  return () => signal.removeEventListener('abort', abort)
}

export function ignore(): void {}
