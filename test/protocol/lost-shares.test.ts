import type { AdversaryModel } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { runCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'

const CLIENTS = 4
const THRESHOLD = 3
const SEALED = 64
const HEADER_AND_BITMAP = 3

/** Damages the ciphertext from `owner` in the ForwardedShares message for `receiver`. */
function spoil(bytes: Uint8Array, owner: number, receiver: number): Uint8Array {
  const index = owner < receiver ? owner : owner - 1
  const spoiled = Uint8Array.from(bytes)
  spoiled[HEADER_AND_BITMAP + index * SEALED]! ^= 1
  return spoiled
}

function subsets(seats: readonly number[]): number[][] {
  return Array.from({ length: 2 ** seats.length }, (_, bits) =>
    seats.filter((_, index) => (bits >>> index) & 1),
  )
}

describe.each(['honest-but-curious', 'active'] as const)('ciphertexts that do not open, %s', (adversary) => {
  const all = [0, 1, 2, 3]

  it.each(all)('each cost seat %i one share, and the round ends if fewer than t are left', async (owner) => {
    for (const holders of subsets(all.filter((seat) => seat !== owner))) {
      for (const ownerStays of [true, false]) {
        await named(`spoiled for ${holders}, owner ${ownerStays ? 'stays' : 'vanishes'}`, () =>
          check(adversary, owner, holders, ownerStays),
        )
      }
    }
  })
})

async function check(adversary: AdversaryModel, owner: number, holders: number[], ownerStays: boolean) {
  const round = await runCohort({
    clients: CLIENTS,
    threshold: THRESHOLD,
    adversary,
    stages: [0, 1, 2, 3].map((seat) => (seat === owner && !ownerStays ? 2 : 5)),
    onServerMessage: (seat, name, bytes) =>
      name === 'masked-input' && holders.includes(seat) ? spoil(bytes, owner, seat) : bytes,
  })
  expect(round.clientErrors.size).toBe(0)
  const shares = CLIENTS - holders.length - (ownerStays ? 0 : 1)
  if (shares < THRESHOLD) {
    const expected = { fault: 'peer', phase: 'unmasking', culprits: [], concerning: [owner] }
    expect(round.error).toMatchObject({
      ...expected,
      code: 'too-few-shares',
      expected: THRESHOLD,
      got: shares,
    })
  } else {
    expect(round.error).toBeUndefined()
    expect(round.outcome?.sum).toEqual(round.expected)
  }
}
