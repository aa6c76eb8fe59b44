import { bytesToHex, equalBytes } from '../../../src/crypto/bytes.js'
import { suites } from '../../crypto/providers.js'
import { randomOf } from '../../support/seeded.js'
import { Choices } from '../choices.js'
import { ensure, type FuzzTarget, outcomeOfAsync } from '../target.js'

const NAMES = ['aes', 'chacha'] as const
const ASSOCIATED_DATA = Uint8Array.of(1, 2, 3)

/** Sealed bytes to open, the same for every provider: what was sealed and nothing else opens. */
export const sealedShares: FuzzTarget = {
  name: 'sealed shares',
  sync: false,
  weight: 1,
  maximumLength: 160,
  async seeds() {
    const random = randomOf(5)
    const seeds: Uint8Array[] = []
    for (const length of [0, 1, 16, 48, 100]) {
      seeds.push(Uint8Array.of(0, 0, length, ...random.bytes(length)))
      seeds.push(Uint8Array.of(1, 2, length, ...random.bytes(length), 3, 5))
    }
    return seeds
  },
  run: async (data) => {
    const choices = new Choices(data)
    const name = choices.pick(NAMES)
    const change = choices.below(6)
    const plaintext = choices.bytes(choices.byte())
    const key = new Uint8Array(name === 'aes' ? 16 : 32).fill(7)
    const own = suites.filter((suite) => suite.name === name)
    const sealed = await own[0]!.suite.seal(key, ASSOCIATED_DATA, plaintext)
    const changed = change === 5 ? choices.rest() : spoiled(sealed, change, choices)
    const outcomes = await Promise.all(
      own.map(({ suite }) => outcomeOfAsync(() => suite.open(key, ASSOCIATED_DATA, changed))),
    )
    const isGenuine = equalBytes(changed, sealed)
    for (const outcome of outcomes) {
      ensure('value' in outcome, 'bytes that do not open are no error')
      const opened = outcome.value && bytesToHex(outcome.value)
      ensure(
        opened === (isGenuine ? bytesToHex(plaintext) : undefined),
        'what was sealed opens, and nothing else',
      )
    }
  },
}

function spoiled(sealed: Uint8Array, change: number, choices: Choices): Uint8Array {
  const at = choices.below(sealed.length + 1)
  switch (change) {
    case 0:
      return sealed
    case 1:
      return sealed.slice(0, at)
    case 2:
      return sealed.map((byte, index) => (index === at ? byte ^ choices.byte() : byte))
    case 3:
      return Uint8Array.of(...sealed, ...choices.rest())
    default:
      return Uint8Array.of(...sealed.subarray(at), ...sealed.subarray(0, at))
  }
}
