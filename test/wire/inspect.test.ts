import { inspectMessage, SecAggError } from 'secagg'
import { decodeAdvertiseKeys, decodePublishedKeys } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { makeCohort, run } from '../support/cohort.js'
import { named, randomOf } from '../support/seeded.js'
import { CASES } from './cases.js'

const SPARSE = {
  clients: 9,
  adversary: 'honest-but-curious',
  graph: { neighbors: 6, assumptions: 'unproven' },
  threshold: 3,
  minimumCohort: 7,
} as const

describe('inspectMessage', () => {
  it.each(CASES.map((wire) => [wire.title, wire] as const))('reads the header of %s', (_, wire) => {
    const bytes = wire.write(wire.sample(randomOf(620)))
    const { type, version, size, slice } = inspectMessage(bytes)
    expect({ type, version, size }).toEqual({ type: wire.type, version: bytes[0], size: bytes.length })
    expect(slice !== undefined).toBe(wire.type === 'maskedSlice')
  })

  it('reads the number of a slice', () => {
    const of = (...bytes: number[]) => inspectMessage(Uint8Array.from(bytes))
    expect(of(2, 10, 1, 2, 0, 0, 77)).toEqual({ version: 2, type: 'maskedSlice', slice: 513, size: 7 })
    expect(of(2, 10, 255, 255, 255, 255).slice).toBe(2 ** 32 - 1)
    expect(of(2, 10, 1, 2, 0)).toEqual({ version: 2, type: 'maskedSlice', slice: undefined, size: 5 })
  })

  it('accepts any bytes: missing fields are undefined', () => {
    const of = (...bytes: number[]) => inspectMessage(Uint8Array.from(bytes))
    const unknown = { type: undefined, slice: undefined }
    expect(of()).toEqual({ ...unknown, version: undefined, size: 0 })
    expect(of(2)).toEqual({ ...unknown, version: 2, size: 1 })
    expect(of(2, 15)).toEqual({ ...unknown, version: 2, size: 2 })
    expect(of(3, 1)).toEqual({ ...unknown, version: 3, size: 2 })
    const random = randomOf(621)
    for (let length = 0; length < 300; length++) {
      const bytes = random.bytes(length)
      expect(inspectMessage(bytes)).toMatchObject({ version: bytes[0], size: length })
    }
  })

  it('reads nothing after the header: two masked inputs of one length look the same', () => {
    const message = (value: number) => Uint8Array.of(2, 5, value, value)
    expect(inspectMessage(message(1))).toEqual(inspectMessage(message(200)))
  })

  it('refuses anything except bytes', () => {
    expect(() => inspectMessage('hello' as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
  })
})

describe('public keys in messages', () => {
  for (const parameters of [{ clients: 5, adversary: 'active' }, SPARSE] as const) {
    it(`are what the clients sent, in the ${parameters.adversary} model`, async () => {
      const cohort = await makeCohort(parameters)
      const { config, sessions, server } = cohort
      const sent = await Promise.all(
        sessions.map(async (session, seat) => decodeAdvertiseKeys(config, seat, await session.start())),
      )
      expect(sent.map(({ configurationHash }) => configurationHash)).toEqual(sent.map(() => config.hash))
      expect(new Set(sent.map(({ maskKey }) => maskKey.join())).size).toBe(config.clients)
      await run(cohort, { until: 'share-keys' })
      for (const seat of sessions.keys()) {
        const told = decodePublishedKeys(config, server.messageFor(seat)!)
        expect(told.map((entry) => entry.seat)).toContain(seat)
        expect(told).toHaveLength(config.graph.kind === 'complete' ? config.clients : 7)
        for (const entry of told) {
          const { cipherKey, maskKey, signature } = sent[entry.seat]!
          expect(entry.value).toEqual({ cipherKey, maskKey, signature })
        }
      }
    })
  }

  it('a malformed message is a typed error that names its sender', async () => {
    const { config, sessions } = await makeCohort({ clients: 3, adversary: 'active' })
    const bytes = await sessions[1]!.start()
    const random = randomOf(622)
    for (let length = 0; length < bytes.length; length++) {
      await named(`${length} bytes`, async () => {
        expect(() => decodeAdvertiseKeys(config, 1, bytes.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'malformed-message', fault: 'peer', culprits: [1] }),
        )
      })
    }
    expect(() => decodePublishedKeys(config, bytes)).toThrow(
      expect.objectContaining({ code: 'unexpected-message', fault: 'server' }),
    )
    for (let attempt = 0; attempt < 200; attempt++) {
      const noise = Uint8Array.of(2, 2, ...random.bytes(random.below(300)))
      try {
        decodePublishedKeys(config, noise)
      } catch (error) {
        expect(error).toBeInstanceOf(SecAggError)
      }
    }
  })
})
