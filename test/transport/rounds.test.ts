import { SecAggError } from 'secagg'
import { describe, expect, test } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { seatsBelow } from '../attacks/support.js'
import { named } from '../support/seeded.js'
import { type Ended, expectExactSum, MODELS, makeScene } from './support.js'

describe.each(MODELS)('$name', ({ parameters }) => {
  test('all clients connect, stay and are in the sum', async () => {
    const scene = await makeScene(parameters)
    const ends = scene.joinAll()
    const everybody = seatsBelow(parameters.clients)
    expect(await expectExactSum(scene)).toEqual(everybody)
    expect([...(await scene.clock.until(ends))]).toEqual(everybody.map((seat) => [seat, true]))
    await scene.clock.until(scene.round.closed)
    // All clients were connected, so nobody had to wait for a deadline.
    expect(scene.clock.now).toBeLessThan(1000)
    expect(scene.serverEvents.filter(({ type }) => type === 'connected')).toHaveLength(9)
    expect(scene.serverEvents.filter(({ type }) => type === 'disconnected')).toHaveLength(9)
    const kinds = new Set(
      scene.serverEvents.map((event) => (event.type === 'message' ? event.status : event.type)),
    )
    expect(kinds).not.toContain('refused')
    expect(kinds).not.toContain('failed')
  })

  test('the events of the sessions are passed on, each once', async () => {
    const scene = await makeScene(parameters)
    const ends = scene.joinAll()
    await expectExactSum(scene)
    await scene.clock.until(ends)
    const { report } = await scene.round.outcome
    const phases = report.phases.map(({ phase }) => phase)
    const atServer = scene.serverEvents.flatMap((event) => ('roundId' in event ? [event] : []))
    const roundId = bytesToHex(scene.config.sessionId)
    expect(new Set(atServer.map((event) => event.roundId))).toEqual(new Set([roundId]))
    const phasesOf = (type: string) => atServer.flatMap((event) => (event.type === type ? [event.phase] : []))
    expect(phasesOf('phase-opened')).toEqual(phases)
    expect(phasesOf('phase-closed')).toEqual(phases)
    expect(phasesOf('secrets-recovered')).toEqual(['unmasking'])
    const slices = 'sliceLength' in parameters ? 9 * Math.ceil(300 / parameters.sliceLength) : 0
    expect(phasesOf('slice-folded')).toHaveLength(slices)
    for (const events of scene.clientEvents.values()) {
      const opened = events.flatMap((event) => (event.type === 'phase-opened' ? [event.phase] : []))
      expect(opened).toEqual(phases)
    }
  })

  test('delays, duplicates and broken connections change nothing', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      await named(`seed ${seed}`, async () => {
        const weather = { delay: 300, duplicates: 4, breaks: 12 }
        const scene = await makeScene({ ...parameters, seed }, { weather, deadline: 600_000 })
        // A vector in slices may need more attempts in a row than a client makes by default.
        const ends = scene.joinAll({ retryAfter: (failures) => 250 * failures })
        expect(await expectExactSum(scene)).toEqual(seatsBelow(parameters.clients))
        scene.network.weather = { delay: 300 }
        const ended = await scene.clock.until(ends)
        expect(new Set(ended.values())).toEqual(new Set([true]))
        expect(scene.network.broken).toBeGreaterThan(0)
      })
    }
  })

  test('some clients drop out at any moment; the others get their sum', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      await named(`seed ${seed}`, async () => {
        const scene = await makeScene({ ...parameters, seed }, { weather: { delay: 50, breaks: 60 } })
        const vanishing = [seed % 9, (seed + 4) % 9]
        const stays = scene.joinAll({ without: vanishing })
        const gone = vanishing.map((seat, index) => {
          const stop = new AbortController()
          scene.clock.after(((seed * 37 + index * 61) % 220) + 1, () => stop.abort(new Error('gone')))
          return scene.join(seat, { signal: stop.signal }).then(
            ({ included }): Ended => included,
            (error: Error): Ended => (error instanceof SecAggError ? error.code : error.message),
          )
        })
        const survivors = await expectExactSum(scene)
        const ended = await scene.clock.until(stays)
        for (const [seat, end] of ended) {
          // A client that was reconnecting at a deadline is late, and is told so.
          if (end !== 'late-message') expect([seat, end]).toEqual([seat, survivors.includes(seat)])
        }
        expect(survivors.length).toBeGreaterThanOrEqual(
          7 - [...ended.values()].filter((end) => end !== true).length,
        )
        for (const end of await scene.clock.until(Promise.all(gone)))
          expect(['gone', true, 'late-message']).toContain(end)
      })
    }
  })
})
