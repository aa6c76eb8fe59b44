import { equalBytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { type Derivation, sampleSeeds } from './requests.js'
import type { Thread } from './thread.js'
import type { PackedAnswer, Request } from './worker-messages.js'

/**
 * The number of keys in a message, so that several threads share the keys of one client if there is nothing else to do. Every
 * thread that is sent a private key imports it, which takes as long as several agreements.
 */
const KEYS_PER_MESSAGE = 128

/** Hands requests to the threads of a pool: each to the thread that has the least to do. */
export class Dispatch {
  readonly #usable: () => readonly Thread[]
  readonly #known = new WeakMap<Derivation, Promise<Uint8Array>>()
  /** How many keys each thread has been sent and not answered yet. */
  readonly #pending = new WeakMap<Thread, number>()

  constructor(usable: () => readonly Thread[]) {
    this.#usable = usable
  }

  /** Whether there are threads, and their provider agrees on the same secrets and derives the same seeds as `crypto`. */
  async suits(crypto: Pick<CryptoProvider, 'x25519' | 'sha256'>): Promise<boolean> {
    const threads = this.#usable()
    if (threads.length === 0) return false
    const sampling = this.#known.get(crypto) ?? sampleSeeds(crypto)
    this.#known.set(crypto, sampling)
    // A provider that fails here will fail again, and then the caller is told.
    const sample = await sampling.catch(() => undefined)
    return sample !== undefined && threads.every(({ samples }) => equalBytes(samples.seeds, sample))
  }

  /** Where to cut a list of this many keys: the beginning and the end of each part, in order. */
  cut(count: number): readonly (readonly [from: number, to: number])[] {
    const threads = this.#usable()
    const isIdle = threads.every((thread) => this.#load(thread) === 0)
    const share = isIdle ? Math.ceil(count / Math.max(threads.length, 1)) : count
    const size = Math.min(KEYS_PER_MESSAGE, share)
    return Array.from({ length: Math.ceil(count / size) }, (_, part) => {
      return [part * size, Math.min((part + 1) * size, count)] as const
    })
  }

  /**
   * Sends a request about `count` keys, whose memory is transferred. Resolves to `undefined` if there is no thread, or if it is
   * lost or answers with something else than a result of `length` bytes for each key. Never rejects.
   */
  async send(request: Request, count: number, length: number): Promise<PackedAnswer | undefined> {
    const [first, ...others] = this.#usable()
    if (first === undefined) return undefined
    const idlest = others.reduce((one, other) => (this.#load(other) < this.#load(one) ? other : one), first)
    this.#pending.set(idlest, this.#load(idlest) + count)
    const answer = await idlest.request(request, count, length)
    this.#pending.set(idlest, this.#load(idlest) - count)
    return answer
  }

  #load(thread: Thread): number {
    return this.#pending.get(thread) ?? 0
  }
}
