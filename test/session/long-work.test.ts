import { defaultCrypto } from 'secagg'
import { describe, expect, it, vi } from 'vitest'
import { type CohortOptions, makeCohort, run } from '../support/cohort.js'

/** Long enough for some turns of the event loop: 4 MiB of masks are done between two of them. */
const LENGTH = 1 << 20
const ROUND: CohortOptions = {
  clients: 3,
  threshold: 2,
  adversary: 'honest-but-curious',
  segments: [{ length: LENGTH, bits: 32, bound: 'modular' }],
  inputs: [1, 2, 3].map((value) => [new Uint32Array(LENGTH).fill(value)]),
}

/** Steps of progress, and what is to happen at the first one that is neither the beginning nor the end. */
function watch(midway: () => void = () => undefined) {
  const fractions: number[] = []
  const onProgress = (fraction: number): void => {
    fractions.push(fraction)
    if (fraction < 1) midway()
  }
  return { fractions, onProgress }
}

function expectProgress(fractions: readonly number[]): void {
  expect(fractions.length).toBeGreaterThan(1)
  expect(fractions.at(-1)).toBe(1)
  expect(fractions.every((fraction, index) => fraction > (fractions[index - 1] ?? 0) && fraction <= 1)).toBe(
    true,
  )
}

describe('long work', () => {
  it('tells how far it is, at the client and at the server', async () => {
    const client = watch()
    const server = watch()
    const cohort = await makeCohort({
      ...ROUND,
      clientOptions: (seat) => (seat === 1 ? { onProgress: client.onProgress } : {}),
      serverOptions: { onProgress: server.onProgress },
    })
    const { outcome } = await run(cohort)
    expect(outcome!.sum[0]!.every((value) => value === 6)).toBe(true)
    expectProgress(client.fractions)
    expectProgress(server.fractions)
  })

  it('a slice that is longer than one call of the platform takes is digested in portions', async () => {
    const crypto = await defaultCrypto()
    const refused = vi.fn()
    const hmac: typeof crypto.sha256.hmac = async (key, message) => {
      if (message.length > 4 * 2 ** 20) refused(message.length)
      return crypto.sha256.hmac(key, message)
    }
    const segments = [{ length: LENGTH + 1, bits: 64, bound: 'modular' }] as const
    const input = [new BigUint64Array(LENGTH + 1).fill(5n)]
    const cohort = await makeCohort({
      ...{ ...ROUND, segments, inputs: [input, input, input] },
      crypto: { ...crypto, sha256: { ...crypto.sha256, hmac } },
    })
    const { sessions, pending } = await run(cohort, { until: 'masked-input' })
    const answer = await sessions[1]!.receive(pending.get(1)!)
    expect(answer.length).toBe(2 + 8 * (LENGTH + 1))
    expect(refused).not.toHaveBeenCalled()
    // The end of it counts as well.
    input[0]!.fill(6n, LENGTH)
    await expect(sessions[1]!.receive(pending.get(1)!)).rejects.toMatchObject({ code: 'input-changed' })
  })

  it('a client whose masking is aborted says why, and has sent and changed nothing', async () => {
    const controller = new AbortController()
    const reason = new Error('the user left')
    const { onProgress } = watch(() => controller.abort(reason))
    const input = new Uint32Array(LENGTH).fill(2)
    const cohort = await makeCohort({
      ...ROUND,
      clientOptions: (seat) => (seat === 1 ? { input, onProgress, signal: controller.signal } : {}),
    })
    const { sessions, pending } = await run(cohort, { until: 'masked-input' })
    await expect(sessions[1]!.receive(pending.get(1)!)).rejects.toBe(reason)
    expect(input.every((value) => value === 2)).toBe(true)
  })

  it('a client whose masking has failed midway is asked again and gives the right answer', async () => {
    let failures = 1
    const reason = new Error('the progress bar broke')
    const { onProgress } = watch(() => {
      if (failures-- > 0) throw reason
    })
    const cohort = await makeCohort({ ...ROUND, clientOptions: (seat) => (seat === 1 ? { onProgress } : {}) })
    const stopped = await run(cohort, { until: 'masked-input' })
    await expect(stopped.sessions[1]!.receive(stopped.pending.get(1)!)).rejects.toBe(reason)
    const { outcome } = await run(stopped)
    expect(outcome!.sum[0]!.every((value) => value === 6)).toBe(true)
  })

  it('a server whose unmasking has failed midway keeps the masked sum and closes again', async () => {
    let failures = 1
    const reason = new Error('the progress bar broke')
    const { onProgress } = watch(() => {
      if (failures-- > 0) throw reason
    })
    const cohort = await makeCohort({ ...ROUND, serverOptions: { onProgress } })
    const { server, sessions, pending } = await run(cohort, { until: 'unmasking' })
    for (const [seat, bytes] of pending) await server.receive(seat, await sessions[seat]!.receive(bytes))
    await expect(server.closePhase()).rejects.toBe(reason)
    expect(server.phase).toBe('unmasking')
    const outcome = await server.closePhase()
    expect(outcome.done && outcome.sum[0]!.every((value) => value === 6)).toBe(true)
  })

  it('a server whose unmasking is aborted says why and has the round still open', async () => {
    const controller = new AbortController()
    const reason = new Error('shutting down')
    const { onProgress } = watch(() => controller.abort(reason))
    const cohort = await makeCohort({ ...ROUND, serverOptions: { onProgress, signal: controller.signal } })
    const { server, sessions, pending } = await run(cohort, { until: 'unmasking' })
    for (const [seat, bytes] of pending) await server.receive(seat, await sessions[seat]!.receive(bytes))
    await expect(server.closePhase()).rejects.toBe(reason)
    expect([server.phase, server.waitingFor]).toEqual(['unmasking', []])
  })
})
