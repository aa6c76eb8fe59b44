import { describe, expect, test } from 'vitest'
import { paramsCommand } from '../../src/cli/params.js'
import { choosePrivacy } from '../../src/privacy/index.js'
import { printed, type Run, secagg } from './secagg.js'

const params = (...args: string[]): Promise<Run> => secagg('params', ...args)

const TARGET = ['--delta', '1e-6', '--rounds', '100', '--length', '7850', '--clip', '1']

describe('secagg params', () => {
  test('explains a sparse graph, the probabilities of failure, and how to use it', async () => {
    const { code, stdout, stderr } = await params('--clients', '1000')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^1000 clients, sparse graph, 30 neighbors, threshold 17$/m)
    expect(stdout).toMatch(/the server learns more than the sum +at most 2\^-41\.5$/m)
    expect(stdout).toMatch(/the sum is lost: a client has too few holders +at most 2\^-27\.0$/m)
    expect(stdout).toContain('Configure graph { neighbors: 30, assumptions: { corruptFraction: 0.05')
    expect(stdout).toContain('at least 935 clients have sent their keys')
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('explains the complete graph', async () => {
    const { code, stdout } = await params(
      ...['--clients', '1000', '--adversary', 'active', '--corrupt', '0.33', '--graph', 'complete'],
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1000 clients, complete graph, threshold 666$/m)
    expect(stdout).toMatch(/Every client shares masks with all others/)
    expect(stdout).toMatch(/the server learns more than the sum +never$/m)
  })

  test('explains holders that clients choose', async () => {
    const { code, stdout } = await params('--clients', '1000', '--adversary', 'active')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1000 clients, sparse graph, 51 neighbors, threshold 36$/m)
    expect(stdout.replaceAll('\n', ' ')).toContain('at most one sum, of at least 501 honest inputs')
    expect(stdout).toMatch(/minimumCohort of\s+at most 551/)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('chooses holders for more honest inputs, and states the security that was asked for', async () => {
    const asked = ['--clients', '1000', '--adversary', 'active', '--minimum', '700', '--security-bits', '30']
    const { stdout } = await params(...asked)
    expect(stdout.replaceAll('\n', ' ')).toContain('at most one sum, of at least 700 honest inputs')
    expect(stdout.replaceAll('\n', ' ')).toContain('statisticalSecurity: 30')
    expect(stdout).toMatch(/minimumCohort of\s+at most 750/)
    const { code, stderr } = await params('--clients', '60', '--minimum', '61')
    expect([code, stderr]).toEqual([2, expect.stringContaining('--minimum')])
  })

  test('warns', async () => {
    const { stdout } = await params('--clients', '1000', '--corrupt', '0')
    expect(stdout).toContain('Warning: These parameters assume that no client is corrupt')
  })

  test('prints one JSON object', async () => {
    const { code, stdout } = await params(
      ...['--clients', '100000', '--dropout', '0.05', '--corrupt', '.33'],
      ...['--security-bits', '40', '--correctness-bits', '20', '--json'],
    )
    expect(code).toBe(0)
    const parameters = JSON.parse(stdout)
    expect(parameters).toMatchObject({
      ...{ graph: 'sparse', clients: 100000, neighbors: 102, holders: 102, threshold: 77 },
      ...{ corruptClients: 33000, dropouts: 5000, survivors: 95000, adversary: 'honest-but-curious' },
    })
    expect(parameters.securityFailure.total).toBeLessThan(-40)
    expect(parameters.correctnessFailure).toBeLessThan(-20)
  })

  test('sizes noise for the honest clients that are left, and explains the guarantee', async () => {
    const { code, stdout } = await params('--clients', '1000', '--epsilon', '8', ...TARGET)
    expect(code).toBe(0)
    expect(stdout).toContain('threshold 17 and minimumCohort 950.')
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toContain('sized for 900 honest clients: 950 are left, of which 50 are corrupt')
    expect(text).toMatch(
      /ε = [78]\.?\d* with δ = 0\.000001 over 100 rounds of 1000 clients, at least 900 of them/,
    )
    expect(text).toMatch(
      /In the mean of 950 updates, the error of a value has a standard deviation of 0\.\d+/,
    )
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('prints graph and noise as one JSON object', async () => {
    const args = [
      '--clients',
      '100',
      '--adversary',
      'active',
      '--graph',
      'complete',
      '--epsilon',
      '8',
      '--json',
      ...TARGET,
    ]
    const parameters = JSON.parse(await printed(paramsCommand, args))
    expect(parameters).toMatchObject({ graph: 'complete', threshold: 53, minimumCohort: 95 })
    const privacy = choosePrivacy({
      ...{ clients: 100, minimumHonest: 90, epsilon: 8, delta: 1e-6 },
      ...{ rounds: 100, length: 7850, clip: 1 },
    })
    expect(parameters.privacy).toEqual(JSON.parse(JSON.stringify(privacy)))
  })

  test.each([
    [[], '--clients is missing'],
    [['--clients', '1'], '--clients must be a whole number from 2 to 100000000, not "1"'],
    [
      ['--clients', '10', '--dropout', '1'],
      '--dropout must be a fraction that is at least 0 and below 1, such as 0.05, not "1"',
    ],
    [['--clients', '10', '--corrupt', '5%'], '--corrupt must be a fraction that is at least 0 and below 1'],
    [['--clients', '10', '--adversary', 'evil'], '--adversary must be honest-but-curious or active'],
    [
      ['--clients', '10', '--security-bits', '0'],
      '--security-bits must be a whole number from 1 to 256, not "0"',
    ],
    [
      ['--clients', '100', '--adversary', 'active', '--corrupt', '.33', '--dropout', '.34'],
      'a --dropout of at most 0.33 (33 clients) would work',
    ],
    [['--clients', '10', '--delta', '1e-5'], '--delta is part of a privacy target and needs --epsilon'],
    [['--clients', '10', '--epsilon', '8'], '--delta is missing'],
    [['--clients', '10', '--epsilon', '8', '--delta', '0'], '--delta must be a number above 0 and below 1'],
    [['--clients', '10', '--epsilon', '-8'], "Option '--epsilon' argument is ambiguous"],
    [
      [...TARGET, '--clients', '10', '--epsilon', '0.001', '--bits', '4'],
      'no amount of noise gives ε = 0.001 with 4 bits',
    ],
    [[...TARGET, '--clients', '10', '--epsilon', '0'], '--epsilon must be a number from 0.001 to 1000'],
    [['--frobnicate'], "Unknown option '--frobnicate'"],
    [['stray'], "Unexpected argument 'stray'"],
  ])('%j is refused in one clear line', async (args, line) => {
    // In this process, because every error is printed in the same way.
    const message = await paramsCommand(args).catch((error: Error) => error.message)
    expect(message).toContain(line)
    expect(message).not.toContain('\n')
  })

  test.each([
    [['--clients', '0'], 'secagg: --clients must be a whole number'],
    [['--clients', '10', '--corrupt', '.5', '--dropout', '.5'], 'secagg: --corrupt and --dropout add up'],
  ])('%j ends with one line and exit code 2', async (args, line) => {
    const { code, stdout, stderr } = await params(...args)
    expect(stderr).toContain(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('help', async () => {
    expect((await params('--help')).stdout).toContain('--security-bits')
  })
})
