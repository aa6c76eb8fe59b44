import { inspect } from 'node:util'
import { SecAggError } from 'secagg'
import { expect, test } from 'vitest'
import { toyCrypto } from '../support/toy-crypto.js'
import { hexOf, MODELS, openedRound } from './support.js'

test.each(MODELS)('$adversary: looking into a session prints nothing secret', async (model) => {
  const crypto = toyCrypto(1)
  const secrets: Uint8Array[] = []
  const randomBytes = (length: number): Uint8Array => {
    const drawn = crypto.randomBytes(length)
    secrets.push(drawn)
    return drawn
  }
  const opened = await openedRound('unmasking', { ...model, crypto: { ...crypto, randomBytes } })
  const { server, sessions, pending } = opened
  const answer = await sessions[0]!.receive(pending.get(0)!)
  const failure = await sessions[0]!.receive(answer).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SecAggError)
  expect(secrets.length).toBeGreaterThanOrEqual(20)
  for (const subject of [...sessions, server, failure]) {
    const text = inspect(subject, { depth: 20, showHidden: true, maxArrayLength: null, compact: true })
    const compact = text.replaceAll(/\s/g, '')
    for (const secret of secrets) {
      expect(compact).not.toContain(secret.subarray(0, 6).join())
      expect(compact).not.toContain(hexOf(secret.subarray(0, 6)))
    }
  }
})
