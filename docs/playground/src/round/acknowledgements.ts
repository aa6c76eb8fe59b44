/** Which of these owners a LivingOwners message calls alive. */
export function livingIn(owners: readonly number[], message: Uint8Array): readonly number[] {
  return setIn(owners, message)
}

/** Which of these living owners an Acknowledgements message is for. */
export function acknowledgedIn(living: readonly number[], message: Uint8Array): readonly number[] {
  return setIn(living, message)
}

/** Both messages begin with a set, after the version and the type: one bit for each seat that it may contain. */
function setIn(universe: readonly number[], message: Uint8Array): readonly number[] {
  return universe.filter((_, index) => ((message[2 + (index >> 3)]! >> (index & 7)) & 1) === 1)
}
