const VALUE_LENGTH = 16

/** Which of these owners a LivingOwners message calls alive. */
export function livingIn(owners: readonly number[], message: Uint8Array): readonly number[] {
  return setIn(owners, message)
}

/** The values in an Acknowledgements message by owner; `living` are the owners that it may be for. */
export function acknowledgementsIn(
  living: readonly number[],
  message: Uint8Array,
): ReadonlyMap<number, Uint8Array> {
  const owners = setIn(living, message)
  const values = message.subarray(message.length - VALUE_LENGTH * owners.length)
  return new Map(
    owners.map((owner, index) => [owner, values.subarray(VALUE_LENGTH * index, VALUE_LENGTH * (index + 1))]),
  )
}

/** The CollectedAcknowledgements message for a client with these holders in U2, with a value of each that acknowledged it. */
export function collectedFrom(
  holders: readonly number[],
  given: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const set = new Uint8Array(Math.ceil(holders.length / 8))
  const values = holders.flatMap((holder, index) => {
    const value = given.get(holder)
    if (value !== undefined) set[index >> 3]! |= 1 << (index & 7)
    return [...(value ?? [])]
  })
  return Uint8Array.of(2, 13, ...set, ...values)
}

/** Both messages of clients and that to holders begin with a set, after the version and the type: one bit for each seat. */
function setIn(universe: readonly number[], message: Uint8Array): readonly number[] {
  return universe.filter((_, index) => ((message[2 + (index >> 3)]! >> (index & 7)) & 1) === 1)
}
