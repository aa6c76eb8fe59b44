import { SecAggError } from 'secagg'
import type { PlaneHome, RoundPlane, SumBlock } from '../../src/plane/data-plane.js'
import { vectorInRange } from '../../src/vector/index.js'
import { nextTurn } from '../../src/vector/pace.js'
import { countElements, type Segment } from '../../src/vector/segments.js'
import type { Random } from '../support/seeded.js'

/** How a plane misbehaves. */
export interface Trouble {
  readonly random: Random
  /** The number of calls in a hundred that fail. */
  rate: number
}

/** A plane whose promises take random numbers of turns, and whose calls fail before or after their work. */
export function flakyHome(home: PlaneHome, trouble: Trouble): PlaneHome {
  const { random } = trouble
  const wait = async (): Promise<void> => {
    for (let turns = random.below(4); turns > 0; turns--) await (random.below(2) ? nextTurn() : undefined)
  }
  const mayFail = (what: string): void => {
    if (random.below(100) >= trouble.rate) return
    if (random.below(2) === 0) throw new Error(`the plane fails at ${what}`)
    throw new SecAggError('storage-failure', 'usage', `the plane fails at ${what}`)
  }
  const before = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    await wait()
    mayFail(what)
    const result = await work()
    await wait()
    return result
  }
  /** For calls that may be repeated. */
  const around = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const result = await before(what, work)
    mayFail(`${what}, after its work`)
    return result
  }
  const flaky = (plane: RoundPlane, segments: readonly Segment[]): RoundPlane => ({
    get seats() {
      return plane.seats
    },
    slicesOf: (seat) => plane.slicesOf(seat),
    fold: async (...vector) => {
      const folding = await before('fold', async () => plane.fold(...vector))
      if ('room' in folding || folding.finish === undefined) return folding
      return { ...folding, finish: () => around('finish', async () => folding.finish?.()) }
    },
    again: (...vector) => around('again', () => plane.again(...vector)),
    discard: (seat) => before('discard', () => plane.discard(seat)),
    settle: () => around('settle', () => plane.settle()),
    seal: () => around('seal', () => plane.seal()),
    checkpoint: () => around('checkpoint', () => plane.checkpoint()),
    unmask: async function* (plans, work) {
      for await (const block of plane.unmask(plans, work)) {
        for (const piece of pieces(block, segments, random)) {
          await wait()
          mayFail('unmask')
          yield piece
        }
      }
      mayFail('unmask, after its work')
    },
    release: () => around('release', () => plane.release()),
    close: () => around('close', () => plane.close()),
  })
  return {
    begin: (round) => around('begin', async () => flaky(await home.begin(round), round.segments)),
    resume: (round, saved) =>
      around('resume', async () => flaky(await home.resume(round, saved), round.segments)),
    discardLeftovers: (round) => around('discardLeftovers', async () => home.discardLeftovers?.(round)),
  }
}

function* pieces({ elements }: SumBlock, segments: readonly Segment[], random: Random): Generator<SumBlock> {
  const count = countElements(segments)
  for (let from = 0; from < count; ) {
    const to = Math.min(count, from + 1 + random.below(count))
    yield { range: { from, to }, elements: vectorInRange(elements, segments, { from, to }) }
    from = to
  }
}
