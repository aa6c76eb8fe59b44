import { equalBytes, joinBytes, wipe } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { deriveSeeds, requireSeedRequest, type SeedDeriver, type SeedRequest } from '../crypto/seeds.js'
import type { Thread } from './thread.js'
import type { PackedRequest, PackedSeeds } from './worker-messages.js'

type Derivation = Pick<CryptoProvider, 'x25519' | 'sha256'>

/** With fewer keys than this, a message to another thread is not worth its time. */
const FEW_KEYS = 8

/**
 * The number of keys in a message, so that several threads share the keys of one client if there is nothing else to do. Every
 * thread that derives from a private key imports it, which takes as long as several agreements.
 */
const KEYS_PER_MESSAGE = 128

/**
 * Makes a function that derives seeds on the threads that `usable` returns. The calling thread derives them itself if there
 * are none, if there are few, or if the caller's provider does not give the same seeds as the threads. If a thread is lost,
 * the calling thread does its work.
 */
export function derivationOn(usable: () => readonly Thread[]): SeedDeriver {
  const known = new WeakMap<Derivation, Promise<Uint8Array>>()
  const pending = new WeakMap<Thread, number>()
  const load = (thread: Thread): number => pending.get(thread) ?? 0
  const isStandard = async (crypto: Derivation, threads: readonly Thread[]): Promise<boolean> => {
    const sampling = known.get(crypto) ?? sampleSeeds(crypto)
    known.set(crypto, sampling)
    // A provider that fails here will fail again, and then the caller is told.
    const sample = await sampling.catch(() => undefined)
    return sample !== undefined && threads.every(({ samples }) => equalBytes(samples.seeds, sample))
  }
  const deriveThere = async (part: SeedRequest, crypto: Derivation): Promise<(Uint8Array | undefined)[]> => {
    const [first, ...others] = usable()
    if (first === undefined) return deriveSeeds(part, crypto)
    const thread = others.reduce((idlest, other) => (load(other) < load(idlest) ? other : idlest), first)
    pending.set(thread, load(thread) + part.publicKeys.length)
    const packed = await thread.derive(packRequest(part))
    pending.set(thread, load(thread) - part.publicKeys.length)
    return packed === undefined ? deriveSeeds(part, crypto) : unpackSeeds(packed, part.length)
  }
  const derive = async (request: SeedRequest, crypto: Derivation): Promise<(Uint8Array | undefined)[]> => {
    requireSeedRequest(request)
    const threads = usable()
    const isForThreads = threads.length > 0 && request.publicKeys.length >= FEW_KEYS && isPackable(request)
    if (!isForThreads || !(await isStandard(crypto, threads))) return deriveSeeds(request, crypto)
    const isIdle = threads.every((thread) => load(thread) === 0)
    const size = Math.min(
      KEYS_PER_MESSAGE,
      isIdle ? Math.ceil(request.publicKeys.length / threads.length) : KEYS_PER_MESSAGE,
    )
    const parts: SeedRequest[] = []
    for (let from = 0; from < request.publicKeys.length; from += size) {
      const cut = <T>(list: readonly T[]): readonly T[] => list.slice(from, from + size)
      const secrets = request.secrets && cut(request.secrets)
      parts.push({ ...request, publicKeys: cut(request.publicKeys), infos: cut(request.infos), secrets })
    }
    return (await Promise.all(parts.map((part) => deriveThere(part, crypto)))).flat()
  }
  return Object.assign(derive, { usesSecrets: true })
}

/** Answers a request on the thread that it was sent to, and wipes its secrets. */
export async function answerRequest(request: PackedRequest, crypto: Derivation): Promise<PackedSeeds> {
  const { privateKey, publicKeys, salt, infos, secrets, length } = request
  const count = publicKeys.length / 32
  const unpacked: SeedRequest = {
    privateKey,
    publicKeys: cutBytes(publicKeys, count),
    salt,
    infos: cutBytes(infos, count),
    length,
    secrets: secrets.length === 0 ? undefined : cutBytes(secrets, count),
  }
  const seeds = await deriveSeeds(unpacked, crypto).finally(() => wipe(privateKey, secrets))
  const answer = { seeds: new Uint8Array(count * length), present: new Uint8Array(count) }
  for (const [index, seed] of seeds.entries()) {
    if (seed === undefined) continue
    answer.seeds.set(seed, index * length)
    answer.present[index] = 1
    wipe(seed)
  }
  return answer
}

/** Seeds of public keys. They show whether two providers derive the same. */
export async function sampleSeeds(crypto: Derivation): Promise<Uint8Array> {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)
  const publicKeys = [bytes, new Uint8Array(32)]
  const request = { privateKey: bytes, publicKeys, salt: bytes, infos: publicKeys, length: 32 } as const
  return joinBytes((await deriveSeeds(request, crypto)).map((seed) => seed ?? new Uint8Array(32)))
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
}: SeedRequest): PackedRequest {
  return {
    privateKey: Uint8Array.from(privateKey),
    publicKeys: joinBytes(publicKeys),
    salt: Uint8Array.from(salt),
    infos: joinBytes(infos),
    secrets: joinBytes(secrets),
    length,
  }
}

/** Copies, so that each seed can be wiped with its plan. */
function unpackSeeds({ seeds, present }: PackedSeeds, length: number): (Uint8Array | undefined)[] {
  const unpacked = Array.from(present, (exists, index) =>
    exists === 1 ? seeds.slice(index * length, (index + 1) * length) : undefined,
  )
  wipe(seeds)
  return unpacked
}

/** Views of `count` parts of the same length. */
export function cutBytes(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  const length = bytes.length / count
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length))
}
