import { describe, expect, test } from 'vitest'
import { privacyCommand } from '../../src/cli/privacy.js'
import { printed, secagg } from './secagg.js'

const privacy = (...args: string[]): Promise<string> => printed(privacyCommand, args)

const COMMON = ['--length', '256', '--clip', '10', '--noise-multiplier', '1', '--delta', '1e-5']
const HUNDRED = [...COMMON, '--clients', '100', '--minimum', '100', '--bits', '16']
const THOUSAND = [...COMMON, '--clients', '1000', '--minimum', '1000', '--bits', '12']

describe('secagg privacy', () => {
  test.each([
    [[...HUNDRED, '--distribution', 'discrete-gaussian'], 129.425794, 1, 4.37924463],
    [[...HUNDRED, '--distribution', 'skellam', '--rounds', '1'], 129.425794, 1, 4.37924766],
    [[...THOUSAND, '--distribution', 'discrete-gaussian'], 0.818704494, 0.316227766, 687388.8],
    [THOUSAND, 0.818704494, 0.316227766, 6.98810847],
  ])('%j gives the reference values', async (args, scale, localStandardDeviation, epsilon) => {
    const parameters = JSON.parse(await privacy(...args, '--json'))
    expect(parameters.scale / scale).toBeCloseTo(1, 7)
    expect(parameters.localStandardDeviation / localStandardDeviation).toBeCloseTo(1, 7)
    expect(parameters.epsilon / epsilon).toBeCloseTo(1, 7)
  })

  test('with fewer honest clients every client adds more noise, and ε hardly moves', async () => {
    const half = HUNDRED.with(HUNDRED.indexOf('--minimum') + 1, '50')
    const parameters = JSON.parse(await privacy(...half, '--json'))
    expect(parameters.localStandardDeviation).toBeCloseTo(Math.SQRT2, 9)
    expect(parameters.epsilon).toBeCloseTo(4.3793, 3)
  })

  test('states the error of the mean in words, and lists all numbers only with --details', async () => {
    const page = await privacy(...THOUSAND)
    const text = page.replace(/\s+/g, ' ')
    const { sumStandardDeviation } = JSON.parse(await privacy(...THOUSAND, '--json'))
    const [, value, norm] =
      /the error of a value has a standard deviation of ([\d.]+), and the error of the whole mean has a norm of about ([\d.]+)\./.exec(
        text,
      )!
    expect(Number(value)).toBeCloseTo(sumStandardDeviation / 1000, 5)
    expect(Number(norm)).toBeCloseTo((16 * sumStandardDeviation) / 1000, 4)
    expect(text).toContain(
      'The noise of 1000 honest clients together has a standard deviation of 1 times that norm',
    )
    expect(page).not.toMatch(/^\w+ = \d/m)
    expect(page.split('\n').length).toBeLessThan(25)
  })

  test('explains every number with --details, on a terminal', async () => {
    const args = [...THOUSAND, '--sampling-rate', '.1', '--details']
    const { code, stdout, stderr } = await secagg('privacy', ...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ε = 6\.988 with δ = 0\.00001 over 1 round of 1000 clients, /)
    expect(stdout).toMatch(/^epsilon = 6\.98810847\n {4}over 1 round, against the server and everybody else/m)
    expect(stdout).toMatch(/^amplified\.epsilon = \d/m)
    expect(stdout.match(/neighbors:\s+add\s+or\s+remove\s+one\s+client/g)).toHaveLength(4)
    expect(stdout).toContain('Warning: No client may drop out')
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test.each([
    [[], '--clients is missing'],
    [HUNDRED.slice(2), '--length is missing'],
    [[...HUNDRED, '--minimum', '101'], '--minimum must be a whole number from 1 to 100, not "101"'],
    [[...HUNDRED, '--noise-multiplier', 'much'], '--noise-multiplier must be a number from 1e-12 to'],
    [[...HUNDRED, '--delta', '1'], '--delta must be a number above 0 and below 1'],
    [[...HUNDRED, '--distribution', 'uniform'], '--distribution must be skellam or discrete-gaussian'],
    [[...HUNDRED, '--bits', '3'], '3 bits cannot hold'],
    [[...HUNDRED, '--epsilon', '8'], "Unknown option '--epsilon'"],
  ])('%j is refused in one clear line', async (args, line) => {
    const message = await privacy(...args).catch((error: Error) => error.message)
    expect(message).toContain(line)
    expect(message).not.toContain('\n')
  })
})
