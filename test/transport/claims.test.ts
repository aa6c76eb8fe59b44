import { expect, test } from 'vitest'
import { ACTIVE, expectRefusal, seatsBelow } from '../attacks/support.js'
import { expectExactSum, makeScene } from './support.js'

test('a session id that was used before: the client tells the server that it leaves, and sends nothing else', async () => {
  const scene = await makeScene(ACTIVE)
  const sent: number[][] = []
  const connect = scene.connect(1)
  const part = scene.join(1, { claimSession: () => false }, async () => {
    const connection = await connect()
    const send = (bytes: Uint8Array): void | Promise<void> => {
      sent.push([...bytes])
      return connection.send(bytes)
    }
    return { send, messages: connection.messages, close: () => connection.close() }
  })
  const refused = { code: 'session-id-reused', fault: 'server', phase: 'advertise-keys' } as const
  await scene.clock.until(expectRefusal(part, refused))
  // A zero, then the kind: a notice of the drivers, not a message of the protocol.
  expect(sent.map(([mark]) => mark)).toEqual([0])
  expect(scene.saved.get(1)).toBeUndefined()
  const ends = scene.joinAll({ without: [1] })
  expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
  await scene.clock.until(ends)
})

test('lost connections and a process that resumes do not claim the id again', async () => {
  const scene = await makeScene(ACTIVE, { weather: { delay: 100 } })
  const stop = new AbortController()
  let claims = 0
  const claimSession = (): boolean => ++claims === 1
  const events: string[] = []
  const first = scene.join(2, {
    claimSession,
    signal: stop.signal,
    onEvent: ({ type }) => events.push(type),
  })
  const others = scene.joinAll({ without: [2] })
  const gone = first.catch((error: Error) => error.message)
  await scene.clock.pass(150)
  scene.network.fail()
  await scene.clock.pass(400)
  stop.abort(new Error('the process ends'))
  expect(await scene.clock.until(gone)).toBe('the process ends')
  expect(events.filter((type) => type === 'connected')).toHaveLength(2)
  const second = scene.join(2, { claimSession, saved: scene.saved.get(2)! })
  expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
  expect(await scene.clock.until(second)).toEqual({ included: true })
  expect(claims).toBe(1)
  await scene.clock.until(others)
})
