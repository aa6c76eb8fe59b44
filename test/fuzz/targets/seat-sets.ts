import { equalBytes } from '../../../src/crypto/bytes.js'
import { blameServer } from '../../../src/protocol/checks.js'
import { decodeMessage, encodeMessage, survivorsCoder } from '../../../src/wire/index.js'
import { Choices } from '../choices.js'
import { withinMemory } from '../memory.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

const ORIGIN = blameServer('unmasking')

/** Sets of seats in universes of any size, with gaps in them: gap and size, then the message. */
export const seatSets: FuzzTarget = {
  name: 'seat sets',
  sync: true,
  weight: 1,
  maximumLength: 512,
  *seeds() {
    for (const size of [0, 1, 7, 8, 9, 64, 255, 1024]) {
      const universe = universeOf(3, size)
      for (const every of [1, 2, 5]) {
        const seats = universe.filter((_, index) => index % every === 0)
        const bytes = encodeMessage('survivors', survivorsCoder(universe), seats)
        yield Uint8Array.of(3, size & 255, size >>> 8, ...bytes)
      }
    }
  },
  run: (data) => {
    const choices = new Choices(data)
    const universe = universeOf(choices.byte(), choices.word() % 2048)
    const coder = survivorsCoder(universe)
    const bytes = choices.rest()
    const read = (): readonly number[] => decodeMessage('survivors', coder, bytes, ORIGIN)
    const outcome = withinMemory(bytes.length + universe.length, () => outcomeOf(read))
    if ('error' in outcome) {
      ensure(outcome.error.fault === 'server', 'malformed bytes are their sender’s fault')
      return
    }
    const seats = outcome.value
    ensure(equalBytes(encodeMessage('survivors', coder, seats), bytes), 'a set has two encodings')
    const known = new Set(universe)
    ensure(
      seats.every((seat, index) => known.has(seat) && (index === 0 || seats[index - 1]! < seat)),
      'seats are ascending and of the universe',
    )
  },
}

function universeOf(gap: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => index + Math.floor((index * gap) / 16))
}
