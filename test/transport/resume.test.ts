import { PHASES } from 'secagg'
import { describe, expect, test } from 'vitest'
import { seatsBelow } from '../attacks/support.js'
import { named } from '../support/seeded.js'
import { expectExactSum, MODELS, makeScene } from './support.js'

describe.each(MODELS)('$name', ({ parameters }) => {
  test('the server is restarted at any moment, and continues', async () => {
    for (let crash = 1; crash <= 45; crash += 9) {
      await named(`after event ${crash}`, async () => {
        const scene = await makeScene(parameters, { weather: { delay: 5 }, deadline: 120_000 })
        let events = 0
        let alive = true
        const checkpointEvery = crash % 3 === 0 ? 2 : undefined
        scene.serve({
          checkpointEvery,
          // A process that has ended saves nothing.
          save: (bytes) => void (alive && scene.saved.set('server', bytes)),
          onEvent: () => {
            if (++events !== crash) return
            alive = false
            scene.network.fail()
            // Clients that answered before the restart count too.
            const phases = Object.fromEntries(PHASES.map((phase) => [phase, { minimum: parameters.clients }]))
            scene.serve({ saved: scene.saved.get('server'), checkpointEvery, phases })
          },
        })
        const ends = scene.joinAll()
        while (alive) await scene.clock.pass(10)
        expect(await expectExactSum(scene)).toEqual(seatsBelow(parameters.clients))
        expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
      })
    }
  })

  test('clients are restarted after each message that they have saved', async () => {
    const scene = await makeScene(parameters, { deadline: 120_000 })
    const joined = seatsBelow(parameters.clients).map(async (seat) => {
      for (let processes = 1; ; processes++) {
        const stop = new AbortController()
        try {
          const saved = scene.saved.get(seat)
          const save = (bytes: Uint8Array): void => {
            scene.saved.set(seat, bytes)
            // Before the message for which the state was saved has left.
            stop.abort(new Error('crash'))
          }
          return { ...(await scene.join(seat, { saved, save, signal: stop.signal })), processes }
        } catch (error) {
          if (!stop.signal.aborted) throw error
        }
      }
    })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(parameters.clients))
    const processes = parameters.adversary === 'active' ? 6 : 5
    for (const end of await scene.clock.until(Promise.all(joined)))
      expect(end).toEqual({ included: true, processes })
  })
})
