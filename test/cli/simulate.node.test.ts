import { describe, expect, test } from 'vitest'
import { secagg } from './secagg.js'

describe('secagg simulate', () => {
  test('prints a table with a row for each phase, and that the sum is exact', async () => {
    const { code, stdout, stderr } = await secagg('simulate', '--clients', '5', '--length', '50')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^5 clients, 50 elements of 32 bits$/m)
    expect(stdout).toMatch(/^complete graph, threshold 3, honest-but-curious, suite aes$/m)
    for (const message of ['advertise-keys', 'share-keys', 'masked-input', 'unmasking', 'all']) {
      expect(stdout).toMatch(new RegExp(`^${message} +\\S+ ms +\\S+ ms`, 'm'))
    }
    expect(stdout).toContain('sum of 5 survivors: exact')
  })

  test('prints one JSON object for an active round in which clients drop out in every phase', async () => {
    const { code, stdout } = await secagg(
      ...['simulate', '--clients', '20', '--length', '64', '--bits', '24', '--value-bits', '16'],
      ...['--adversary', 'active', '--suite', 'chacha', '--seed', '7', '--json'],
      ...['--drop', 'advertise-keys:1', '--drop', 'share-keys:1', '--drop', 'masked-input:2'],
      ...['--drop', 'consistency-check:1', '--drop', 'unmasking:1'],
    )
    expect(code).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      clients: 20,
      survivors: 16,
      length: 64,
      bits: 24,
      threshold: 14,
      adversary: 'active',
      exact: true,
    })
    const rounds = result.phases as { name: string; sent: number; bytesUp: number }[]
    expect(rounds.map(({ name, sent }) => [name, sent])).toEqual([
      ['advertise-keys', 19],
      ['share-keys', 18],
      ['masked-input', 16],
      ['consistency-check', 15],
      ['unmasking', 14],
    ])
    // Header, configuration hash, two keys, signature; header and 64 elements of exactly 24 bits.
    expect(rounds[0]!.bytesUp).toBe(2 + 32 + 64 + 64)
    expect(rounds[2]!.bytesUp).toBe(2 + 64 * 3)
    for (const key of ['expansion', 'clientMs', 'serverMs', 'peakMemoryBytes']) {
      expect(result[key], key).toBeGreaterThan(0)
    }
  })

  test('runs an active round in which clients choose their holders', async () => {
    const round = ['--clients', '30', '--length', '64', '--adversary', 'active', '--neighbors', '12']
    const drops = ['--drop', 'masked-input:2', '--drop', 'consistency-check:1', '--drop', 'unmasking:1']
    const command = ['simulate', ...round, '--threshold', '8', ...drops]
    const { code, stdout } = await secagg(...command, '--workers', '1', '--json')
    expect(code).toBe(0)
    const result = JSON.parse(stdout)
    const expected = { survivors: 28, neighbors: 12, threshold: 8, adversary: 'active', exact: true }
    expect(result).toMatchObject(expected)
    const phases = result.phases as { bytesUp: number }[]
    // The seed of the choice is 16 bytes more; bits and signature go with the masked input.
    expect(phases[0]!.bytesUp).toBe(2 + 32 + 64 + 16 + 64)
    expect(phases[2]!.bytesUp).toBe(2 + Math.ceil(12 / 8) + 64 + 64 * 4)
    const table = await secagg(...command)
    expect(table.stdout).toMatch(
      /^sparse graph of 12 holders that each client chooses, threshold 8, active, suite aes$/m,
    )
    expect(table.stdout).toContain('sum of 28 survivors: exact')
  })

  test('a cohort that becomes too small ends with the reason and exit code 1', async () => {
    const { code, stdout, stderr } = await secagg('simulate', '--clients', '5', '--drop', 'masked-input:3')
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toBe(
      'secagg: the round was aborted: only 2 clients have sent masked vectors, but 3 are needed (U3)\n',
    )
  })

  test.each([
    [['--clients', '1'], '--clients must be a whole number from 2 to 65535, not "1"'],
    [['--clients', 'many'], '--clients must be a whole number from 2 to 65535, not "many"'],
    [['--bits', '65'], '--bits must be a whole number from 1 to 64, not "65"'],
    [['--value-bits', '33'], '--value-bits must be a whole number from 1 to 32, not "33"'],
    [
      ['--threshold', '5'],
      'threshold 5 is below 6, the minimum for 10 clients in the honest-but-curious model',
    ],
    [['--adversary', 'evil'], '--adversary must be honest-but-curious or active, not "evil"'],
    [['--drop', 'lunch:1'], '--drop must be advertise-keys or share-keys or masked-input or'],
    [['--drop', 'unmasking'], '--drop must be PHASE:COUNT, not "unmasking"'],
    [['--drop', 'unmasking:11'], '11 of 10 clients cannot drop out'],
    [['--drop', 'consistency-check:1'], 'only the active model has the phase consistency-check'],
    [['--value-bits', '31'], 'overflows 32 bits'],
    [['--frobnicate'], "Unknown option '--frobnicate'"],
    [['stray'], "Unexpected argument 'stray'"],
  ])('%j gets one clear line and exit code 2', async (args, line) => {
    const { code, stdout, stderr } = await secagg('simulate', ...args)
    expect(stderr).toContain(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('help and unknown commands', async () => {
    expect((await secagg('--help')).stdout).toContain('Usage: secagg COMMAND')
    expect((await secagg('simulate', '--help')).stdout).toContain('--value-bits')
    expect(await secagg('toString')).toMatchObject({ code: 2, stdout: '' })
  })
})
