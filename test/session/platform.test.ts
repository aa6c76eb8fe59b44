import type { SuiteName } from 'secagg'
import { describe, expect, it } from 'vitest'
import { type CohortOptions, makeCohort, run, runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

const ROUND = { clients: 3, threshold: 2, adversary: 'honest-but-curious' } as const

describe.each(['aes', 'chacha'] as const satisfies SuiteName[])('the suite %s', (suite) => {
  it('is there without a word about cryptography', async () => {
    const platform = { crypto: undefined, splitSecret: undefined }
    const { outcome, expected } = await runCohort({
      ...ROUND,
      suite,
      clientOptions: () => platform,
      serverOptions: platform,
    })
    expect(outcome?.sum).toEqual(expected)
  })

  it('is missed by name where a provider lacks it', async () => {
    const { suites, ...rest } = toyCrypto(99)
    const other = suite === 'aes' ? 'chacha' : 'aes'
    const crypto = { ...rest, name: 'half', suites: { [other]: suites[other] } }
    const lacking = { name: 'SecAggError', code: 'unsupported', fault: 'crypto' }

    const client = await runCohort({
      ...ROUND,
      suite,
      clientOptions: (seat) => (seat === 1 ? { crypto } : {}),
    })
    expect(client.clientErrors.get(1)).toMatchObject(lacking)
    expect(client.clientErrors.get(1)?.message).toMatch(new RegExp(`half.*${suite}`))
    expect(client.outcome?.sum).toEqual(client.expected)

    await expect(failureOf({ ...ROUND, suite, serverOptions: { crypto } })).resolves.toMatchObject(lacking)
  })
})

/** What a server says in whatever step it finds out. */
async function failureOf(options: CohortOptions): Promise<unknown> {
  try {
    return (await run(await makeCohort(options))).error
  } catch (error) {
    return error
  }
}

it('a provider without randomness stops a client before it has sent anything', async () => {
  const reason = new Error('no entropy')
  const crypto = {
    ...toyCrypto(1),
    randomBytes: () => {
      throw reason
    },
  }
  const { sessions } = await makeCohort({ ...ROUND, clientOptions: () => ({ crypto }) })
  const broken = { code: 'no-randomness', fault: 'crypto', cause: reason }
  await expect(sessions[0]!.start()).rejects.toMatchObject(broken)
  await expect(sessions[0]!.receive(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'out-of-order' })
})
