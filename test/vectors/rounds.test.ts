import { nobleCrypto } from 'secagg/crypto'
import { nodeMlKem768, webMlKem768 } from 'secagg/post-quantum'
import { describe, expect, test } from 'vitest'
import { modelRound } from '../model/round.js'
import { ROUNDS } from './kept.js'
import { libraryRound } from './record.js'

/** ML-KEM-768 of the platform, for keys and to decapsulate. It does not take the random bytes of an encapsulation. */
const platform = (await nodeMlKem768()) ?? (await webMlKem768())

describe.each(Object.entries(ROUNDS))('%s', (_name, { round, values }) => {
  test('the model, written from the specification, makes every value and every message of it', () => {
    expect(modelRound(round)).toEqual(values)
  })

  test('and so does the library', async () => {
    expect(await libraryRound(round, nobleCrypto())).toEqual(values)
  })

  const isOpened = round.parameters.keyAgreement !== undefined && platform !== undefined
  test.each(isOpened ? [platform] : [])('and the ML-KEM-768 of the platform opens it', async (mlKem768) => {
    expect(await libraryRound(round, { ...nobleCrypto(), mlKem768 })).toEqual(values)
  })

  test('its sum is the sum of the inputs of U3', () => {
    const { segments } = round.parameters
    const expected = segments.map(({ bits, length }, segment) =>
      Array.from({ length }, (_, i) => {
        const inputs = round.clients.filter(({ seat }) => values.sets.u3.includes(seat))
        const sum = inputs.reduce((total, { input }) => total + BigInt(input[segment]![i]!), 0n)
        return String(BigInt.asUintN(bits, sum))
      }),
    )
    expect(values.server.sum).toEqual(expected)
  })
})
