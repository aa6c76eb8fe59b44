import type { Connection } from 'secagg/transport'
import { expect, test } from 'vitest'
import { CURIOUS, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene } from './support.js'

test.each([1, 2, 3, 4])('a connection is lost while answer %i is being stored', async (slow) => {
  const scene = await makeScene(CURIOUS, { deadline: 120_000 })
  const ends = scene.joinAll({ without: [2] })
  let saves = 0
  const late = scene.join(2, {
    save: async (bytes) => {
      scene.saved.set(2, bytes)
      if (++saves !== slow) return
      await scene.clock.sleep(10)
      scene.network.fail()
      await scene.clock.sleep(5000)
    },
  })
  const all = Promise.all([ends, endOf(late)])
  expect(await expectExactSum(scene)).toEqual(seatsBelow(scene.config.clients))
  expect((await scene.clock.until(all))[1]).toBe(true)
})

test('a listener that throws leaves no connection open', async () => {
  const scene = await makeScene(CURIOUS)
  let opened: Connection | undefined
  let closed = 0
  const connect = async () => {
    opened = await scene.connect(0)()
    const { send, messages, close } = opened
    return {
      send,
      messages,
      close: () => {
        closed++
        close()
      },
    }
  }
  const onEvent = () => {
    throw new Error('broken')
  }
  expect(await endOf(scene.join(0, { onEvent }, connect))).toBe('invalid-argument')
  expect(closed).toBe(1)
})
