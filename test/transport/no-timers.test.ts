import { createRoundConfig } from 'secagg'
import { type Connection, connectionPair, runClient, serveRound } from 'secagg/transport'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const config = createRoundConfig({
  sessionId: new Uint8Array(32).fill(7),
  clients: 3,
  adversary: 'honest-but-curious',
  segments: [{ length: 2, bits: 16, bound: 1000 }],
})

beforeEach(() => {
  vi.stubGlobal('setTimeout', undefined)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

test('on a host without timers, a server says at once that it needs a clock', () => {
  const refusal = expect.objectContaining({ code: 'unsupported', fault: 'usage' })
  expect(() => serveRound({ config })).toThrow(refusal)
  expect(() => serveRound({ config, deadline: Number.POSITIVE_INFINITY })).toThrow(refusal)
})

test('with a clock, a round runs, and clients need none', async () => {
  const round = serveRound({ config, clock: { after: () => () => undefined } })
  const clients = [0, 1, 2].map((seat) => {
    const connect = (): Connection => {
      const [near, far] = connectionPair()
      round.connect(seat, far)
      return near
    }
    return runClient(connect, { config, seat, input: [Uint16Array.of(seat, 100)] })
  })
  expect((await round.outcome).sum).toEqual([Uint16Array.of(3, 300)])
  expect(await Promise.all(clients)).toHaveLength(3)
})
