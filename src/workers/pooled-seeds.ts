import { joinBytes } from '../crypto/bytes.js'
import { deriveSeeds, requireSeedRequest, type SeedDeriver, type SeedRequest } from '../crypto/seeds.js'
import type { Dispatch } from './dispatch.js'
import { type Derivation, unpackResults } from './requests.js'
import type { PackedSeeds } from './worker-messages.js'

/** With fewer keys than this, a message to another thread is not worth its time. */
const FEW_KEYS = 8

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
    const isForThreads = publicKeys.length >= FEW_KEYS && isPackable(request)
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
