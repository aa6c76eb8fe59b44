import { withPostQuantum } from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { expectRefusal, flipped, seatsBelow } from '../attacks/support.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { endOf, makeScene } from './support.js'

// Clients with hybrid key agreement that cannot open what is sealed to them for masks.

const ROUND = {
  clients: 7,
  adversary: 'honest-but-curious',
  keyAgreement: 'x25519-ml-kem-768',
} as const

/** In ShareKeys of client 1: in its parcel for client 2, after that for client 0, the ciphertext for the mask. */
const SPOILED = 2 + 32 + 1152 + 1152

/** Client 1 spoils the secret for its mask with client 2. Clients 5 and 6 are slow to answer in the last phase. */
async function spoiledRound(options: Parameters<typeof makeScene>[1]) {
  const crypto = await withPostQuantum(toyCrypto(1))
  const scene = await makeScene({ ...ROUND, crypto }, options)
  const ends = seatsBelow(7).map((seat) =>
    endOf(
      scene.join(seat, {}, async () => {
        const connection = await scene.connect(seat)()
        const send = async (bytes: Uint8Array) => {
          if (bytes[1] === 9 && seat > 4) await scene.clock.sleep(1000)
          await connection.send(seat === 1 && bytes[1] === 3 ? flipped(bytes, SPOILED) : bytes)
        }
        return { messages: connection.messages, close: () => connection.close(), send }
      }),
    ),
  )
  return { scene, ends: Promise.all(ends) }
}

test('a wrong secret for a mask ends the round at once: more answers would not help', async () => {
  const { scene, ends } = await spoiledRound({ phases: { unmasking: { enough: 4 } } })
  await expectRefusal(scene.clock.until(scene.round.outcome), {
    code: 'wrong-mask-secret',
    fault: 'peer',
    phase: 'unmasking',
    culprits: [1],
  })
  expect(scene.clock.now).toBeLessThan(1000)
  expect(scene.serverEvents.map(({ type }) => type)).not.toContain('not-enough')
  // The round went on without the client that had complained, until it ended.
  const aborted = 'round-aborted'
  const told = [aborted, aborted, 'late-message', aborted, aborted, aborted, aborted]
  expect(await scene.clock.until(ends)).toEqual(told)
})

test('a complaint does not count as an answer: the host gets the number of vectors that it asks for', async () => {
  const { scene, ends } = await spoiledRound({ phases: { 'masked-input': { minimum: 7 } } })
  const error = await expectRefusal(scene.clock.until(scene.round.outcome), {
    code: 'too-few-clients',
    fault: 'peer',
    phase: 'masked-input',
  })
  expect([error.expected, error.got]).toEqual([7, 6])
  expect(scene.clock.now).toBeLessThan(1000)
  await scene.clock.until(ends)
})
