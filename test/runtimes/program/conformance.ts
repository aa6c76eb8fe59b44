// What each platform has to give, and above all what it has to refuse: implementations agree on honest keys and signatures,
// and differ on the others. A participant that accepts what another one refuses lets an attacker split a round.
import { ed25519 as curve, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { type CryptoProvider, defaultCrypto, nobleCrypto, nodeCrypto, webCrypto } from 'secagg/crypto'
import vectors from '../../crypto/wycheproof.json' with { type: 'json' }
import type { Report } from './report.js'

const { Point } = curve

/** One question to a provider, and its answer as a string. */
interface Question {
  readonly name: string
  ask(provider: CryptoProvider): Promise<unknown>
}

/** Asks all providers of the platform, and compares their answers with those of the provider in TypeScript. */
export async function checkConformance(): Promise<Report['conformance']> {
  const noble = nobleCrypto()
  const given = { default: await defaultCrypto(), node: nodeCrypto(), webcrypto: await webCrypto() }
  const wrong: string[] = []
  const all = questions()
  const digest = sha256.create()
  for (const question of all) {
    const expected = await answerOf(question, noble)
    digest.update(Uint8Array.from(`${expected};`, (character) => character.charCodeAt(0)))
    for (const [name, provider] of Object.entries(given)) {
      if (provider === undefined || provider.name === noble.name) continue
      const answer = await answerOf(question, provider)
      if (answer !== expected) wrong.push(`${name}, ${question.name}: ${answer} instead of ${expected}`)
    }
  }
  const answers = bytesToHex(digest.digest())
  return { questions: all.length, wrong: wrong.length, examples: wrong.slice(0, 3), answers }
}

async function answerOf({ ask }: Question, provider: CryptoProvider): Promise<string> {
  try {
    const answer = await ask(provider)
    return answer instanceof Uint8Array ? answer.join() : String(answer)
  } catch (error) {
    return String(error)
  }
}

function questions(): Question[] {
  return [...wycheproof(), ...keysWithZeros(), ...pointsOffTheCurve(), ...smallAndMixedOrders(), ...sealed()]
}

function verdict(name: string, key: Uint8Array, message: Uint8Array, signature: Uint8Array): Question {
  return { name, ask: ({ ed25519 }) => ed25519.verify(key, message, signature) }
}

/** The vectors of Wycheproof, valid and invalid. */
function wycheproof(): Question[] {
  const signatures = (vectors.ed25519 as [string, string, string, boolean][]).map(
    ([key, message, signature], index) =>
      verdict(
        `signature ${index} of Wycheproof`,
        hexToBytes(key),
        hexToBytes(message),
        hexToBytes(signature),
      ),
  )
  const secrets = (vectors.x25519 as [string, string, string][]).map(([privateKey, publicKey], index) => ({
    name: `secret ${index} of Wycheproof`,
    ask: async ({ x25519 }: CryptoProvider) =>
      (await x25519.sharedSecrets(hexToBytes(privateKey), [hexToBytes(publicKey)]))[0],
  }))
  return [...signatures, ...secrets]
}

const MESSAGE = Uint8Array.of(1, 2, 3)

function counting(first: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? first : 7 * index + 1))
}

/** Private keys with each value of the first byte, and all zeros. */
function keysWithZeros(): Question[] {
  const keys = [0, 1, 2, 127, 128, 255].map(counting).concat(new Uint8Array(32))
  return keys.flatMap((key, index) => [
    { name: `public key ${index} of X25519`, ask: ({ x25519 }: CryptoProvider) => x25519.publicKey(key) },
    { name: `public key ${index} of Ed25519`, ask: ({ ed25519 }: CryptoProvider) => ed25519.publicKey(key) },
    { name: `signature ${index}`, ask: ({ ed25519 }: CryptoProvider) => ed25519.sign(key, MESSAGE) },
  ])
}

/** Public keys and commitments half of which are not on the curve, and some that are not below the prime. */
function pointsOffTheCurve(): Question[] {
  const key = curve.getPublicKey(counting(9))
  const signature = curve.sign(MESSAGE, counting(9))
  const changed = (bytes: Uint8Array, first: number): Uint8Array => Uint8Array.of(first, ...bytes.subarray(1))
  const large = Array.from({ length: 19 }, (_, k) => {
    const point = new Uint8Array(32).fill(255)
    point[0] = 237 + k
    point[31] = k % 2 === 0 ? 127 : 255
    return point
  })
  return [
    ...Array.from({ length: 32 }, (_, first) =>
      verdict(`key with first byte ${first}`, changed(key, first), MESSAGE, signature),
    ),
    ...Array.from({ length: 32 }, (_, first) =>
      verdict(`commitment with first byte ${first}`, key, MESSAGE, changed(signature, first)),
    ),
    ...large.flatMap((point, k) => [
      verdict(`key p + ${k}`, point, MESSAGE, signature),
      verdict(`commitment p + ${k}`, key, MESSAGE, concatBytes(point, signature.subarray(32))),
    ]),
  ]
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

/** Keys that are of small order, and signatures for keys that have a component of small order. */
function smallAndMixedOrders(): Question[] {
  const [secret, nonce] = [123_456_789n, 987_654_321n]
  const commitment = Point.BASE.multiply(nonce).toBytes()
  return ED25519_TORSION_SUBGROUP.flatMap((torsion, index) => {
    const small = hexToBytes(torsion)
    const mixed = Point.BASE.multiply(secret).add(Point.fromBytes(small)).toBytes()
    const ofMixed = Array.from({ length: 12 }, (_, count) => {
      const message = Uint8Array.of(count)
      const factor = Point.Fn.create(toBigInt(sha512(concatBytes(commitment, mixed, message))))
      const response = toBytes(Point.Fn.create(nonce + factor * secret))
      return verdict(
        `mixed key ${index}, message ${count}`,
        mixed,
        message,
        concatBytes(commitment, response),
      )
    })
    return [...ofMixed, verdict(`small key ${index}`, small, MESSAGE, concatBytes(small, new Uint8Array(32)))]
  })
}

/** Sealed messages with a changed byte, and cut ones. */
function sealed(): Question[] {
  const open = (name: string, change: (bytes: Uint8Array) => Uint8Array): Question => ({
    name,
    ask: async ({ suites }) => {
      const { aes } = suites
      if (aes === undefined) return undefined
      const key = new Uint8Array(16)
      return aes.open(key, MESSAGE, change(await aes.seal(key, MESSAGE, counting(0))))
    },
  })
  return [
    open('sealed message', (bytes) => bytes),
    open('sealed message with a changed byte', (bytes) =>
      bytes.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
    ),
    open('sealed message with a changed tag', (bytes) =>
      bytes.map((byte, at) => (at === 47 ? byte ^ 1 : byte)),
    ),
    ...[0, 1, 15, 16, 47].map((length) => open(`${length} sealed bytes`, (bytes) => bytes.slice(0, length))),
  ]
}
