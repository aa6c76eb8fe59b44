import { openRound, planRound, type RoundTask } from 'secagg/federated'
import { messageLimits } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { task } from './support.js'

const { tensors: _tensors, ...rest } = task
const of = (length: number, more: Partial<RoundTask> = {}): RoundTask =>
  ({ ...rest, length, ...more }) as RoundTask

describe('a plan warns about messages that common transports refuse, and names the transports', () => {
  test('no warning for a vector that all of them accept', () => {
    expect(planRound(of(20_000)).warnings).toEqual([])
  })

  test.each([
    [60_000, ['API Gateway'], ['data channels', 'nginx', 'ws ']],
    [120_000, ['API Gateway', 'data channels'], ['nginx', 'package ws ']],
    [1_000_000, ['API Gateway', 'data channels', 'nginx', 'websockets'], ['package ws ']],
    [60_000_000, ['API Gateway', 'data channels', 'nginx', 'package ws '], []],
  ])('%i values', (length, named, others) => {
    const plan = planRound(of(length))
    expect(plan.warnings).toHaveLength(1)
    for (const name of named) expect(plan.warnings[0]).toContain(name)
    for (const name of others) expect(plan.warnings[0]).not.toContain(name)
    // The suggested slices work.
    const sliceLength = Number(/sliceLength: (\d+)/.exec(plan.warnings[0]!)![1])
    const sliced = planRound(of(length, { sliceLength }))
    expect(sliced.warnings).toEqual([])
    const { config } = openRound(sliced, { sessionId: new Uint8Array(32) })
    const { fromClient } = messageLimits(config)
    expect(fromClient).toBeLessThanOrEqual(2 ** 17)
    expect(plan.warnings[0]).toContain(` ${fromClient} bytes`)
    // The warning also names the size without slices.
    const whole = messageLimits(openRound(plan, { sessionId: new Uint8Array(32) }).config)
    expect(plan.warnings[0]).toContain(` ${whole.fromClient} bytes`)
  })

  test('a warning for slices that are too long themselves', () => {
    const { warnings } = planRound(of(1_000_000, { sliceLength: 200_000 }))
    expect(warnings).toEqual([expect.stringMatching(/^A slice .*data channels/)])
    expect(warnings[0]).not.toContain('nginx')
  })

  test('a warning for keys and shares of many clients, which slices do not make shorter', () => {
    const { warnings } = planRound(of(100, { clients: 3000, graph: 'complete' }))
    expect(warnings.filter((text) => text.includes('keys or shares'))).toEqual([
      expect.stringMatching(/data channels.*sparse graph/),
    ])
    expect(warnings.filter((text) => text.includes('masked vector'))).toEqual([])
  })
})
