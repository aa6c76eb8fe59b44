import { describe, expect, test } from 'vitest'
import { hex, unhex } from '../model/bytes.js'
import { admitted, sample, withHolders } from '../model/choice.js'
import { configurationOf } from '../model/configuration.js'
import { acknowledgement } from '../model/keys.js'
import { x25519, x25519PublicKey } from '../model/primitives.js'
import { isProvenForChosen } from '../model/proof.js'
import { chosenPartVectors } from './chosen-parts.js'
import { CHOSEN_PARTS } from './kept.js'

test('the library makes the same parts of the graph on which clients choose their holders', async () => {
  expect(await chosenPartVectors()).toEqual(CHOSEN_PARTS)
})

describe('the model agrees on', () => {
  test('Sample', () => {
    for (const { hash, clients, neighbors, seat, choice, holders } of CHOSEN_PARTS.samples) {
      expect(sample({ hash: unhex(hash), clients, neighbors }, seat, unhex(choice))).toEqual(holders)
    }
  })

  test('acknowledgements', () => {
    for (const { parameters, hash, clients, agreement, values } of CHOSEN_PARTS.acknowledgements) {
      const configuration = configurationOf(parameters)
      expect(hex(configuration.hash)).toBe(hash)
      const keyOf = (seat: number) => {
        const privateKey = unhex(clients.find((each) => each.seat === seat)!.cipherPrivateKey)
        return { seat, privateKey, publicKey: x25519PublicKey(privateKey), kemKey: new Uint8Array(0) }
      }
      for (const { holder, owner, info, value } of values) {
        const agreed = x25519(keyOf(holder).privateKey, keyOf(owner).publicKey)
        expect(hex(agreed)).toBe(agreement)
        const derived = acknowledgement(configuration, agreed, keyOf(holder), keyOf(owner), null)
        expect([hex(derived.info), hex(derived.key)]).toEqual([info, value])
      }
      expect(new Set(values.map(({ value }) => value)).size).toBe(2)
    }
  })

  test('what k and t withstand', () => {
    for (const each of CHOSEN_PARTS.neighborhoods)
      expect([each, isProvenForChosen(each)]).toEqual([each, each.proven])
    expect(new Set(CHOSEN_PARTS.neighborhoods.map(({ proven }) => proven)).size).toBe(2)
  })

  test('who is left out of U1 and U2', () => {
    for (const {
      hash,
      clients,
      neighbors,
      threshold,
      advertised,
      u1,
      answered,
      u2,
    } of CHOSEN_PARTS.admissions) {
      const { parameters } = CHOSEN_PARTS.acknowledgements[0]!
      const configuration = {
        ...configurationOf(parameters),
        hash: unhex(hash),
        clients,
        neighbors,
        threshold,
      }
      const choices = new Map(advertised.map(({ seat, choice }) => [seat, unhex(choice)]))
      expect(admitted(configuration, choices)).toEqual(u1)
      const holdersOf = (seat: number) => sample(configuration, seat, choices.get(seat)!)
      expect(withHolders(answered, threshold, holdersOf)).toEqual(u2)
    }
  })
})
