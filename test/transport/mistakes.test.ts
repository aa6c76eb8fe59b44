import { type ErrorCode, SecAggError } from 'secagg'
import {
  type Connection,
  type OpenConnection,
  type RunClientOptions,
  runClient,
  serveRound,
} from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { CURIOUS, expectRefusal } from '../attacks/support.js'
import { makeScene, type Scene } from './support.js'

const MISUSE = { code: 'invalid-argument', fault: 'usage', phase: undefined } as const

/** Runs a client, whose part must be over before any time has passed. */
async function expectAtOnce(
  scene: Scene,
  part: Promise<unknown>,
  code: ErrorCode = 'invalid-argument',
): Promise<SecAggError> {
  const before = scene.clock.now
  const error = await expectRefusal(scene.clock.until(part), { ...MISUSE, code })
  expect(scene.clock.now).toBe(before)
  return error
}

const optionsOf = ({ config, crypto, clock, inputs }: Scene): RunClientOptions => {
  return { config, crypto, clock, seat: 0, input: inputs[0]! }
}

describe('options are checked before anything is connected', () => {
  test('connect is not a function: runClient({}, …) fails immediately', async () => {
    const scene = await makeScene(CURIOUS)
    for (const connect of [{}, undefined, null, 'ws://localhost', Promise.resolve()]) {
      const error = await expectAtOnce(
        scene,
        runClient(connect as unknown as OpenConnection, optionsOf(scene)),
      )
      expect(error.message).toContain('connect')
    }
  })

  test('any other wrong option is named', async () => {
    const scene = await makeScene(CURIOUS)
    let connected = 0
    const connect = (): Connection => {
      connected++
      throw new Error('not reachable')
    }
    const wrong: readonly (readonly [string, unknown])[] = [
      ['config', undefined],
      ['config', {}],
      ['seat', undefined],
      ['seat', '0'],
      ['seat', -1],
      ['seat', 5],
      ['retryAfter', 1000],
      ['onEvent', []],
      ['clock', {}],
      ['clock', null],
      ['signal', {}],
      ['signal', new AbortController()],
    ]
    for (const [name, value] of wrong) {
      const error = await expectAtOnce(scene, scene.join(0, { [name]: value }, connect))
      expect([name, value, error.message]).toEqual([name, value, expect.stringContaining(name)])
    }
    for (const options of [undefined, null, 5]) {
      await expectAtOnce(scene, runClient(connect, options as unknown as RunClientOptions))
    }
    expect(connected).toBe(0)
  })

  test('connect returns something other than a connection', async () => {
    const scene = await makeScene(CURIOUS)
    const real = await scene.connect(1)()
    const { send, messages } = real
    const close = (): void => real.close()
    for (const wrong of [
      undefined,
      null,
      {},
      { send, messages },
      { send, close, messages: [] },
      { messages, close },
    ]) {
      const error = await expectAtOnce(
        scene,
        scene.join(0, {}, () => wrong as unknown as Connection),
      )
      expect(error.message).toContain('connection')
    }
    const round = serveRound({ config: scene.config, clock: scene.clock })
    expect(() => round.connect(0, {} as unknown as Connection)).toThrow(expect.objectContaining(MISUSE))
    expect(() => round.connect(0, undefined as unknown as Connection)).toThrow(
      expect.objectContaining(MISUSE),
    )
  })
})

describe('mistakes in the program are not retried', () => {
  async function expectOneAttempt(mistake: unknown): Promise<SecAggError> {
    const scene = await makeScene(CURIOUS)
    let attempts = 0
    const error = await expectAtOnce(
      scene,
      scene.join(0, {}, async () => {
        attempts++
        throw mistake
      }),
    )
    expect(attempts).toBe(1)
    return error
  }

  test('a ReferenceError inside connect', async () => {
    const mistake = new ReferenceError('WebSoket is not defined')
    const error = await expectOneAttempt(mistake)
    expect(error.cause).toBe(mistake)
    expect(error.message).toContain('ReferenceError')
  })

  test.each([
    new TypeError("Cannot read properties of undefined (reading 'url')"),
    new TypeError('fetchToken is not a function'),
    new RangeError('Maximum call stack size exceeded'),
    new URIError('URI malformed'),
    new SyntaxError("Invalid URL: 'localhost:8080'"),
    // Browsers throw this for `new WebSocket('localhost')`.
    Object.assign(new Error('The URL is invalid.'), { name: 'SyntaxError' }),
  ])('%s', async (mistake) => {
    expect((await expectOneAttempt(mistake)).cause).toBe(mistake)
  })

  test('an error of this library other than connection-lost is thrown unchanged', async () => {
    const scene = await makeScene(CURIOUS)
    for (const code of ['unsupported', 'late-message'] as const) {
      const error = new SecAggError(code, code === 'unsupported' ? 'usage' : 'network', 'not again')
      const part = scene.join(0, {}, () => Promise.reject(error)).catch((thrown: unknown) => thrown)
      expect(await scene.clock.until(part)).toBe(error)
    }
    expect(scene.clock.now).toBe(0)
  })

  test('a mistake in send or in messages', async () => {
    const mistake = new ReferenceError('buffer is not defined')
    const scene = await makeScene(CURIOUS)
    const connect = scene.connect(0)
    const broken = {
      send: async () => {
        const { messages, close } = await connect()
        return { messages, close, send: () => Promise.reject(mistake) }
      },
      messages: async () => {
        const connection = await connect()
        const messages = {
          [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(mistake) }),
        }
        return { messages, close: () => connection.close(), send: () => undefined }
      },
    }
    for (const opening of Object.values(broken)) {
      const error = await expectRefusal(scene.clock.until(scene.join(0, {}, opening)), MISUSE)
      expect(error.cause).toBe(mistake)
    }
    expect(scene.clock.now).toBeLessThan(100)
  })
})

describe('possible network failures are retried', () => {
  const FAILURES = [
    new Error('ECONNREFUSED'),
    'a string',
    undefined,
    // `fetch` rejects with these when a login precedes the connection.
    ...[
      'Failed to fetch',
      'fetch failed',
      'Load failed',
      'Network request failed',
      'NetworkError when attempting to fetch resource.',
      'The Internet connection appears to be offline.',
      'terminated',
      'The network connection was lost.',
      'A network error occurred.',
    ].map((text) => new TypeError(text)),
    // A page of a proxy instead of the expected JSON.
    new SyntaxError(`Unexpected token '<', "<html>" is not valid JSON`),
    new SyntaxError('JSON Parse error: Unrecognized token "<"'),
    new SecAggError('connection-lost', 'network', 'closed'),
  ]

  test('before the first connection', async () => {
    for (const failure of FAILURES) {
      const scene = await makeScene(CURIOUS)
      let attempts = 0
      const connect = scene.connect(0)
      const part = scene.join(0, {}, () => {
        if (++attempts < 3) throw failure
        return connect()
      })
      const all = Promise.all([part, scene.joinAll({ without: [0] })])
      expect((await scene.clock.until(all))[0]).toEqual({ included: true })
      expect(scene.clientEvents.get(0)!.filter(({ type }) => type === 'disconnected')).toHaveLength(2)
    }
  })

  test('after the first connection, also a TypeError: connect has shown that it works', async () => {
    const scene = await makeScene(CURIOUS, { weather: { delay: 20 } })
    const connect = scene.connect(0)
    let attempts = 0
    const part = scene.join(0, {}, () => {
      if (++attempts === 2) throw new TypeError('unknown to this library')
      return connect()
    })
    await scene.clock.pass(10)
    scene.network.fail()
    const all = Promise.all([part, scene.joinAll({ without: [0] })])
    expect((await scene.clock.until(all))[0]).toEqual({ included: true })
    expect(attempts).toBe(3)
  })

  test('retryAfter receives the cause, and decides', async () => {
    const scene = await makeScene(CURIOUS)
    const causes: unknown[] = []
    const failure = new Error('refused')
    const retryAfter = (failures: number, cause: unknown): number | undefined => {
      causes.push(cause)
      return failures < 3 ? 10 : undefined
    }
    const part = scene.join(0, { retryAfter }, () => Promise.reject(failure))
    await expectRefusal(scene.clock.until(part), {
      code: 'connection-lost',
      fault: 'network',
      phase: undefined,
    })
    expect(causes).toEqual([failure, failure, failure])
  })
})
