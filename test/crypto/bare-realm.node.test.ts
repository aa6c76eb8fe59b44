import { type CryptoProvider, nobleCrypto } from 'secagg/crypto'
import { expect, test } from 'vitest'
import { unbundledRealm } from '../support/unbundled.js'

/** The results of the script below, in hexadecimal. */
type Answers = { readonly [name: string]: string }

/** Uses every part of a provider once. Its source also runs in the other realm, so it must not refer to anything outside. */
async function exercise(provider: CryptoProvider): Promise<Answers> {
  const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)
  const toHex = (bytes: Uint8Array | undefined): string =>
    Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('')
  const { x25519, ed25519, sha256, suites } = provider
  const [key, peer] = [counting(32), counting(32).reverse()]
  const publicKey = await x25519.publicKey(peer)
  const secrets = await x25519.sharedSecrets(key, [publicKey, new Uint8Array(32)])
  const identity = await ed25519.publicKey(key)
  const signature = await ed25519.sign(key, counting(100))
  const answers: { [name: string]: string } = {
    publicKey: toHex(publicKey),
    secret: toHex(secrets[0]),
    lowOrder: String(secrets[1]),
    identity: toHex(identity),
    signature: toHex(signature),
    verified: String(await ed25519.verify(identity, counting(100), signature)),
    forged: String(await ed25519.verify(identity, counting(101), signature)),
    code: toHex(await sha256.hmac(key, peer)),
    derived: toHex(await sha256.hkdf(key, peer, counting(5), 48)),
    plain: String(publicKey.constructor === Uint8Array && signature.constructor === Uint8Array),
    random: String(provider.randomBytes(70_000).length),
  }
  for (const [name, suite] of Object.entries(suites)) {
    const seed = counting(suite.keyLength)
    const sealed = await suite.seal(seed, counting(3), counting(50))
    answers[`${name} sealed`] = toHex(sealed)
    answers[`${name} opened`] = toHex(await suite.open(seed, counting(3), sealed))
    answers[`${name} refused`] = String(await suite.open(seed, counting(4), sealed))
    answers[`${name} keystream`] = toHex(await suite.keystream(seed, 640).next(200))
  }
  return answers
}

/** The provider in a realm with `globals`, as the global `secagg` of its scripts. */
function bareRealm(globals: object): (source: string) => unknown {
  const { load, run } = unbundledRealm(globals)
  Object.assign(globals, { secagg: load('crypto/index') })
  return run
}

test('noble gives the same bytes in a realm that has nothing but getRandomValues', async () => {
  const getRandomValues = (view: Uint8Array<ArrayBuffer>): void => {
    globalThis.crypto.getRandomValues(view)
  }
  const run = bareRealm({ crypto: { getRandomValues } })
  const hostNames = [
    'process',
    'Buffer',
    'TextEncoder',
    'WebAssembly',
    'atob',
    'setTimeout',
    'performance',
    'require',
  ]
  expect(hostNames.filter((name) => run(`typeof ${name} !== 'undefined'`))).toEqual([])
  expect(run('typeof crypto.subtle')).toBe('undefined')

  const answers = run(`(${exercise.toString()})(secagg.nobleCrypto())`) as Promise<Answers>
  expect({ ...(await answers) }).toEqual(await exercise(nobleCrypto()))
  expect((await answers).verified).toBe('true')
  expect((await answers).plain).toBe('true')
})

test('without getRandomValues everything except randomness works, and randomBytes throws a typed error', async () => {
  const run = bareRealm({})
  const caught = run(`
    (() => {
      try {
        secagg.nobleCrypto().randomBytes(1)
      } catch (error) {
        return JSON.stringify([error.name, error.code, error.fault])
      }
    })()`)
  expect(caught).toBe('["SecAggError","no-randomness","crypto"]')
  const key = await (run('secagg.nobleCrypto().x25519.publicKey(new Uint8Array(32))') as Promise<Uint8Array>)
  expect(Uint8Array.from(key)).toEqual(await nobleCrypto().x25519.publicKey(new Uint8Array(32)))
})
