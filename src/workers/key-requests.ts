import { reading } from '../arguments.js'
import { equalBytes, joinBytes, requireKeys, requireLength, wipe } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider, KeyAgreement } from '../crypto/provider.js'
import { deriveSeeds, requireSeedRequest, type SeedDeriver, type SeedRequest } from '../crypto/seeds.js'
import { nextTurn } from '../vector/pace.js'
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

/**
 * What it costs to ask a thread, in agreements: a message there and back, and the import of the private key, which alone takes as
 * long as ten agreements on Node 20.
 */
const COST_OF_ASKING = 16

/** With fewer keys than this for a thread, there is too little to gain from it. */
const FEWEST_KEYS = 32

/** Part of a list of keys, and the thread that it is for. */
export interface Share {
  readonly thread: Thread
  readonly from: number
  readonly to: number
}

/** Hands requests to the threads of a pool: each to the thread that has the least to do. */
export class Dispatch {
  readonly #usable: () => readonly Thread[]
  /** The maximum number of threads that can work at the same time as the calling thread. */
  readonly #besides: number
  readonly #known = new WeakMap<Derivation, Promise<Uint8Array>>()
  /** How many keys each thread has been sent and not answered yet. */
  readonly #pending = new WeakMap<Thread, number>()

  /** How many keys the calling thread has still to do of those that it has divided. */
  #own = 0

  constructor(usable: () => readonly Thread[], besides: number) {
    this.#usable = usable
    this.#besides = besides
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

  /**
   * Divides a list of this many keys between the calling thread, which has the first ones, and other threads, so that all finish
   * at the same time. Threads that execute a mask plan get none, because they would answer after it.
   */
  divide(count: number): readonly Share[] {
    const threads = this.#usable()
      .filter(({ isExecuting }) => !isExecuting)
      .sort((one, other) => this.#load(one) - this.#load(other))
      .slice(0, this.#besides)
    for (; threads.length > 0; threads.pop()) {
      const starts = threads.map((thread) => this.#load(thread) + COST_OF_ASKING)
      const work = starts.reduce((sum, start) => sum + start, count)
      // When all finish: together with the calling thread, unless that has even more to do already.
      const together = (work + this.#own) / (threads.length + 1)
      const end = together > this.#own ? together : work / threads.length
      const sizes = starts.map((start) => Math.floor(end - start))
      if (sizes.some((size) => size < FEWEST_KEYS)) continue
      let to = count - sizes.reduce((sum, size) => sum + size, 0)
      return threads.map((thread, index) => {
        const from = to
        to += sizes[index]!
        return { thread, from, to }
      })
    }
    return []
  }

  /** Where to cut a list of this many keys: the beginning and the end of each part, in order. */
  cut(count: number): readonly (readonly [from: number, to: number])[] {
    const threads = this.#usable()
    const isIdle = threads.every((thread) => this.#load(thread) === 0)
    const parts = isIdle ? Math.min(threads.length, Math.floor(count / FEWEST_KEYS)) : 1
    const share = Math.ceil(count / Math.max(parts, 1))
    const size = Math.min(KEYS_PER_MESSAGE, share)
    return Array.from({ length: Math.ceil(count / size) }, (_, part) => {
      return [part * size, Math.min((part + 1) * size, count)] as const
    })
  }

  /** Does work of the calling thread on this many keys that were divided. */
  async keep<T>(count: number, work: () => Promise<T>): Promise<T> {
    this.#own += count
    try {
      return await work()
    } finally {
      this.#own -= count
    }
  }

  /** Sends a request to the thread with the least to do; see {@link ask}. Resolves to `undefined` if there is none, too. */
  async send(request: Request, count: number, length: number): Promise<PackedAnswer | undefined> {
    const [first, ...others] = this.#usable()
    if (first === undefined) return undefined
    const idlest = others.reduce((one, other) => (this.#load(other) < this.#load(one) ? other : one), first)
    return this.ask(idlest, request, count, length)
  }

  /**
   * Sends a request about `count` keys, whose memory is transferred. Resolves to `undefined` if the thread is lost, or answers with
   * something else than a result of `length` bytes for each key. Never rejects.
   */
  async ask(
    thread: Thread,
    request: Request,
    count: number,
    length: number,
  ): Promise<PackedAnswer | undefined> {
    this.#pending.set(thread, this.#load(thread) + count)
    const answer = await thread.request(request, count, length)
    this.#pending.set(thread, this.#load(thread) - count)
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

/** Fewer keys than this are never divided. */
const FEW_KEYS = COST_OF_ASKING + 2 * FEWEST_KEYS

/** How many keys the calling thread agrees on before it lets other work run. */
const KEYS_PER_TURN = 32

/**
 * A provider that agrees on secrets on the threads of a pool and on the calling thread at the same time, and otherwise calls
 * `crypto`. It gives the same bytes. The calling thread does all of the work itself if there is too little of it, and as in
 * `derivationOn`.
 */
export function providerOn<P extends CryptoProvider>(dispatch: Dispatch, crypto: P): P {
  // Its methods, bound: a provider may be an instance of a class.
  const dependable = dependableProvider(crypto)
  const bound = reading('a crypto provider', () => ({ ...dependable }))
  const { x25519 } = dependable
  type Agreements = (Uint8Array | undefined)[]
  const agreeHere = async (
    privateKey: Uint8Array,
    publicKeys: readonly Uint8Array[],
  ): Promise<Agreements> => {
    const made: Agreements = []
    for (let from = 0; from < publicKeys.length; from += KEYS_PER_TURN) {
      // Other clients of this thread divide their keys too before it is busy, and answers of other threads arrive.
      await nextTurn()
      made.push(...(await x25519.sharedSecrets(privateKey, publicKeys.slice(from, from + KEYS_PER_TURN))))
    }
    return made
  }
  const agreeThere = async (
    privateKey: Uint8Array,
    publicKeys: readonly Uint8Array[],
    thread: Thread,
  ): Promise<Agreements> => {
    const request = {
      type: 'agree',
      privateKey: Uint8Array.from(privateKey),
      publicKeys: joinBytes(publicKeys),
    } as const
    const answer = await dispatch.ask(thread, request, publicKeys.length, 32)
    return answer === undefined ? x25519.sharedSecrets(privateKey, publicKeys) : unpackResults(answer)
  }
  const sharedSecrets: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    requireLength('an X25519 private key', privateKey, 32)
    requireKeys(publicKeys)
    const isForThreads = publicKeys.length >= FEW_KEYS && (await dispatch.suits(dependable))
    const shares = isForThreads ? dispatch.divide(publicKeys.length) : []
    if (shares.length === 0) return x25519.sharedSecrets(privateKey, publicKeys)
    const there = shares.map(({ thread, from, to }) =>
      agreeThere(privateKey, publicKeys.slice(from, to), thread),
    )
    const own = publicKeys.slice(0, shares[0]!.from)
    const here = dispatch.keep(own.length, () => agreeHere(privateKey, own))
    return (await Promise.all([here, ...there])).flat()
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
