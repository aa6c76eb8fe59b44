import { expect, test } from 'vitest'
import { enroll } from '../../src/simulate/enrollment.js'
import { toyCrypto } from '../support/toy-crypto.js'

/** A provider that counts verifications. */
function counting() {
  const crypto = toyCrypto(3)
  let count = 0
  const ed25519 = {
    ...crypto.ed25519,
    verify: async (...args: Parameters<typeof crypto.ed25519.verify>) => {
      count++
      return crypto.ed25519.verify(...args)
    },
  }
  return { crypto: { ...crypto, ed25519 }, count: () => count }
}

test('a statement is verified once, and the time of that is counted for everybody who asks again', async () => {
  const { crypto, count } = counting()
  const { signers, verifyIdentity, takeSavedMs } = await enroll(3, crypto)
  const message = Uint8Array.of(1, 2, 3)
  const signature = Uint8Array.from(await signers[1]!.sign(message))
  const first = await verifyIdentity({ seat: 1, message, signature })
  expect(first).toBeTypeOf('string')
  expect([count(), takeSavedMs()]).toEqual([1, 0])
  expect(await verifyIdentity({ seat: 1, message: message.slice(), signature: signature.slice() })).toBe(
    first,
  )
  expect(count()).toBe(1)
  expect(takeSavedMs()).toBeGreaterThan(0)
  expect(takeSavedMs()).toBe(0)
})

test('another message, signature or seat is verified', async () => {
  const { crypto, count } = counting()
  const { signers, verifyIdentity } = await enroll(3, crypto)
  const message = Uint8Array.of(1, 2, 3)
  const signature = Uint8Array.from(await signers[1]!.sign(message))
  await verifyIdentity({ seat: 1, message, signature })
  const forged = signature.slice()
  forged[5]! ^= 1
  expect(await verifyIdentity({ seat: 1, message: Uint8Array.of(1, 2, 4), signature })).toBeUndefined()
  expect(await verifyIdentity({ seat: 1, message, signature: forged })).toBeUndefined()
  expect(await verifyIdentity({ seat: 2, message, signature })).toBeUndefined()
  // What was refused is not remembered either.
  expect(await verifyIdentity({ seat: 2, message, signature })).toBeUndefined()
  expect(count()).toBe(5)
})
