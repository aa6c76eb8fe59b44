import { reading } from '../arguments.js'
import { equalBytes, joinBytes, requireKeys, requireLength, wipe } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider, KeyAgreement } from '../crypto/provider.js'
import { deriveSeeds, requireSeedRequest, type SeedDeriver, type SeedRequest } from '../crypto/seeds.js'
import type { Thread } from './thread.js'
import {
  type Derivation,
  type PackedAnswer,
  type PackedSeeds,
  type Request,
  sampleSeeds,
} from './worker-messages.js'

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
  async suits(crypto: Derivation): Promise<boolean> {
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

/** With fewer seeds than this, a message to another thread is not worth its time. */
const FEW_SEEDS = 8

/**
 * Makes a function that derives seeds on the threads of a pool. The calling thread derives them itself if there are no threads,
 * if there are few seeds, or if the caller's provider does not give the same seeds as the threads. If a thread is lost, the
 * calling thread does its work.
 */
export function derivationOn(dispatch: Dispatch): SeedDeriver {
  const deriveThere = async (part: SeedRequest, crypto: Derivation): Promise<(Uint8Array | undefined)[]> => {
    const { publicKeys, length } = part
    const answer = await dispatch.send({ type: 'derive', ...packRequest(part) }, publicKeys.length, length)
    return answer === undefined ? deriveSeeds(part, crypto) : unpackResults(answer)
  }
  const derive = async (request: SeedRequest, crypto: Derivation): Promise<(Uint8Array | undefined)[]> => {
    requireSeedRequest(request)
    const { publicKeys, infos, secrets } = request
    const isForThreads = publicKeys.length >= FEW_SEEDS && isPackable(request)
    if (!isForThreads || !(await dispatch.suits(crypto))) return deriveSeeds(request, crypto)
    const parts = dispatch.cut(publicKeys.length).map(([from, to]): SeedRequest => {
      const cut = <T>(list: readonly T[]): readonly T[] => list.slice(from, to)
      return { ...request, publicKeys: cut(publicKeys), infos: cut(infos), secrets: secrets && cut(secrets) }
    })
    return (await Promise.all(parts.map((part) => deriveThere(part, crypto)))).flat()
  }
  return Object.assign(derive, { usesSecrets: true })
}

function isPackable({ infos }: SeedRequest): boolean {
  return infos.every(({ length }) => length === infos[0]!.length)
}

/** Copies, so that the memory can be transferred. */
function packRequest({
  privateKey,
  publicKeys,
  salt,
  infos,
  length,
  secrets = [],
}: SeedRequest): PackedSeeds {
  return {
    privateKey: Uint8Array.from(privateKey),
    publicKeys: joinBytes(publicKeys),
    salt: Uint8Array.from(salt),
    infos: joinBytes(infos),
    secrets: joinBytes(secrets),
    length,
  }
}

/**
 * Fewer keys than this stay on the calling thread: every other thread imports the private key anew, which takes as long as ten
 * agreements on Node 20. A client agrees in several calls, so a whole round needs far more keys to gain (docs/performance.md).
 */
const FEW_KEYS = 64

/**
 * A provider that agrees on secrets on the threads of a pool, and otherwise calls `crypto`. It gives the same bytes. The calling
 * thread does the work itself as in `derivationOn`.
 */
export function providerOn<P extends CryptoProvider>(dispatch: Dispatch, crypto: P): P {
  // Its methods, bound: a provider may be an instance of a class.
  const dependable = dependableProvider(crypto)
  const bound = reading('a crypto provider', () => ({ ...dependable }))
  const { x25519 } = dependable
  const agreeThere: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    const request = {
      type: 'agree',
      privateKey: Uint8Array.from(privateKey),
      publicKeys: joinBytes(publicKeys),
    } as const
    const answer = await dispatch.send(request, publicKeys.length, 32)
    return answer === undefined ? x25519.sharedSecrets(privateKey, publicKeys) : unpackResults(answer)
  }
  const sharedSecrets: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    requireLength('an X25519 private key', privateKey, 32)
    requireKeys(publicKeys)
    const isForThreads = publicKeys.length >= FEW_KEYS && (await dispatch.suits(dependable))
    if (!isForThreads) return x25519.sharedSecrets(privateKey, publicKeys)
    const parts = dispatch.cut(publicKeys.length).map(([from, to]) => publicKeys.slice(from, to))
    return (await Promise.all(parts.map((part) => agreeThere(privateKey, part)))).flat()
  }
  return { ...(bound as P), x25519: { ...x25519, sharedSecrets } }
}

/** Copies, so that each result can be wiped on its own. */
function unpackResults({ results, present }: PackedAnswer): (Uint8Array | undefined)[] {
  const length = results.length / present.length
  const unpacked = Array.from(present, (exists, index) =>
    exists === 1 ? results.slice(index * length, (index + 1) * length) : undefined,
  )
  wipe(results)
  return unpacked
}
