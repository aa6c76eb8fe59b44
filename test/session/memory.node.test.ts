import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { layers } from '../../bench/soak/layers/layers.js'
import { spawn } from '../workers/support.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const PHASES = 6

test.each(Object.entries(layers))(
  'nothing of a round is held once it is over, even where its provider was made for it alone: %s',
  async (_, open) => {
    const rounds = await open({ spawn })
    const noted: (readonly [name: string, thing: WeakRef<object>])[] = []
    for (let round = 0; round < PHASES; round++) {
      await rounds.run(round, (name, thing) => noted.push([name, new WeakRef(thing)]))
    }
    expect(noted.length).toBeGreaterThanOrEqual(PHASES)
    const held = () => noted.filter(([, thing]) => thing.deref() !== undefined).map(([name]) => name)
    // A turn each, as what was looked at in one turn is alive to its end.
    for (let turn = 0; turn < 20 && held().length > 0; turn++) {
      await setTimeout(5)
      collectGarbage()
    }
    expect(held()).toEqual([])
    await rounds.close?.()
  },
)
