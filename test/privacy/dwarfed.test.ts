import { planRound, type RoundTask } from 'secagg/federated'
import { analyzePrivacy, choosePrivacy, type PrivacyTarget } from 'secagg/privacy'
import { createPrivateStatistics, type Definition } from 'secagg/statistics'
import { describe, expect, test } from 'vitest'

/*
 * Parameters that keep ε but are useless, because the noise is larger than everything that it hides.
 */
const useless: RoundTask = {
  length: 6,
  clients: 10,
  adversary: 'active',
  dropoutFraction: 0.2,
  corruptFraction: 0.1,
  privacy: { epsilon: 0.1, delta: 1e-5, rounds: 100, clipNorm: 1 },
}
const outweighs = expect.stringContaining('Noise outweighs the mean')

test('ten clients, ε = 0.1, a hundred rounds: the noise is ninety times as long as an update', () => {
  const plan = planRound(useless)
  const norm = plan.privacy!.meanStandardDeviation * Math.sqrt(plan.length)
  expect(norm).toBeGreaterThan(90)
  expect(plan.warnings).toEqual([outweighs])
  expect(plan.warnings[0]).toMatch(
    /a norm of about [\d.]+, and no client's vector is longer than 1\. Any one of these would help: \d+ clients/,
  )
  const useful = { ...useless, clients: 100, privacy: { ...useless.privacy!, epsilon: 8, rounds: 1 } }
  expect(planRound(useful).warnings).toEqual([])
})

describe('each change that the warning proposes helps on its own', () => {
  const targets: readonly PrivacyTarget[] = [
    { clients: 10, minimumHonest: 7, length: 6, clip: 1, epsilon: 0.1, delta: 1e-5, rounds: 100 },
    { clients: 100, minimumHonest: 75, length: 1000, clip: 1, epsilon: 8, delta: 1e-5, rounds: 20 },
    { clients: 50, minimumHonest: 35, length: 8000, clip: 0.5, epsilon: 8, delta: 1e-6, rounds: 10 },
    { clients: 1000, minimumHonest: 700, length: 10 ** 6, clip: 30, epsilon: 8, delta: 1e-6, rounds: 300 },
    { clients: 300, minimumHonest: 200, length: 9, clip: 1, epsilon: 1e-2, delta: 1e-5, rounds: 2 },
    {
      ...{ clients: 40, minimumHonest: 30, length: 500, clip: 2, epsilon: 3, delta: 1e-4, rounds: 50 },
      distribution: 'discrete-gaussian',
    },
  ]
  test.each(targets)('$clients clients, ε = $epsilon, $rounds rounds of $length values', (target) => {
    const [warning] = choosePrivacy(target).warnings
    expect(warning).toEqual(outweighs)
    const { clients, minimumHonest } = target
    const pieces: readonly [RegExp, (value: number) => Partial<PrivacyTarget>][] = [
      [
        /(\S+) clients[;.]/,
        (n) => ({ clients: n, minimumHonest: Math.floor((minimumHonest * n) / clients) }),
      ],
      [/ε of (\S+?)[;.]( |$)/, (epsilon) => ({ epsilon })],
      [/(\d+) rounds?[;.]/, (rounds) => ({ rounds })],
      [/(\d+) values?[;.]/, (length) => ({ length })],
    ]
    const [, help] = warning!.split('would help: ')
    const changes = pieces.flatMap(([pattern, change]) => {
      const value = pattern.exec(help!)?.[1]
      return value === undefined ? [] : [change(Number(value))]
    })
    expect(changes).toHaveLength(help!.split('; ').length)
    for (const change of changes) {
      expect(choosePrivacy({ ...target, ...change }).warnings.join(), JSON.stringify(change)).not.toContain(
        'outweighs',
      )
    }
  })
})

test('if no single change helps, the warning says so', () => {
  const [warning] = choosePrivacy({
    ...{ clients: 2, minimumHonest: 1, length: 1, clip: 1, epsilon: 0.1, delta: 1e-9, rounds: 10 ** 6 },
  }).warnings.filter((text) => text.includes('outweighs'))
  expect(warning).toContain('More clients, a larger ε and fewer rounds together would help.')
})

test('the warning starts at noise that is as long as the clip', () => {
  const setting = { clients: 100, minimumHonest: 50, length: 100, clip: 1, bits: 20, delta: 1e-5 }
  // In the mean the noise of 100 clients has a norm of z · √(100/50) · √100 / 100.
  const [less, more] = [0.99, 1.01].map((factor) =>
    analyzePrivacy({ ...setting, noiseMultiplier: (factor * 10) / Math.SQRT2 }),
  )
  expect(less!.warnings).toEqual([])
  expect(more!.warnings).toEqual([outweighs])
})

describe('statistics whose target needs more noise than there is signal', () => {
  const definition: Definition = { stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14] } }
  const base = { clients: 100, minimumHonest: 75, delta: 1e-6 }
  const warningsOf = (changes: object): readonly string[] =>
    createPrivateStatistics(definition, { ...base, epsilon: 0.1, rounds: 12, ...changes }).privacy.warnings

  test('warn, and say what would help', () => {
    const [warning] = warningsOf({})
    expect(warning).toMatch(
      /^Noise outweighs the sums: its standard deviation is 1\.\d+ times the whole range of a sum/,
    )
    const [, times] = /(\d+) times as many clients/.exec(warning!)!
    const [, epsilon] = /ε of (\d\.\d+)/.exec(warning!)!
    expect(warningsOf({ epsilon: Number(epsilon) })).toEqual([])
    expect(warningsOf({ clients: 100 * Number(times), minimumHonest: 75 * Number(times) })).toEqual([])
  })

  test('do not warn with a larger ε and fewer rounds', () => {
    expect(warningsOf({ epsilon: 2, rounds: 1 })).toEqual([])
  })
})
