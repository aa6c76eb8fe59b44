/** A reproducible source of test data; never for keys outside of tests. */
export interface Random {
  /** Uniform in [0, 2^32). */
  word(): number
  /** Uniform in [0, limit), up to a bias of limit / 2^32. */
  below(limit: number): number
  bigBelow(limit: bigint): bigint
  bytes(length: number): Uint8Array
  shuffle<T>(values: readonly T[]): T[]
  pick<T>(values: readonly T[]): T
}

/** The generator sfc32 (Chris Doty-Humphrey, PractRand), seeded by one number. */
export function randomOf(seed: number): Random {
  let a = seed | 0
  let b = Math.floor(seed / 2 ** 32) | 0
  let c = 0x9e3779b9
  let counter = 1
  const word = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) word()
  const below = (limit: number): number => word() % limit
  return {
    word,
    below,
    bigBelow: (limit) => {
      let value = 0n
      for (let i = 0; i < 3; i++) value = (value << 32n) | BigInt(word())
      return value % limit
    },
    bytes: (length) => Uint8Array.from({ length }, () => word() >>> 24),
    shuffle: (values) => {
      const shuffled = [...values]
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const swapped = shuffled[i]!
        shuffled[i] = shuffled[j]!
        shuffled[j] = swapped
      }
      return shuffled
    },
    pick: (values) => values[below(values.length)]!,
  }
}

/** Runs `story` with a generator of `seed`; a failure says the seed. */
export async function seeded<T>(seed: number, story: (random: Random) => T | Promise<T>): Promise<T> {
  return named(`seed ${seed}`, () => story(randomOf(seed)))
}

/** Runs `story`; a failure says in which case, for tests that go through many. */
export async function named<T>(name: string, story: () => T | Promise<T>): Promise<T> {
  try {
    return await story()
  } catch (error) {
    if (error instanceof Error) error.message = `[${name}] ${error.message}`
    throw error
  }
}
