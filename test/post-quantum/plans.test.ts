import { defaultCrypto } from 'secagg/crypto'
import { planRound, type RoundTask } from 'secagg/federated'
import { withPostQuantum } from 'secagg/post-quantum'
import { simulate } from 'secagg/simulate'
import { expect, test } from 'vitest'

const keyAgreement = 'x25519-ml-kem-768'
const TASK: RoundTask = {
  length: 10,
  clients: 100,
  adversary: 'honest-but-curious',
  dropoutFraction: 0.1,
  corruptFraction: 0.1,
  clip: 1,
}

test('a plan with hybrid key agreement is another plan, and one without is the same as ever', () => {
  const [plain, hybrid] = [planRound(TASK), planRound({ ...TASK, keyAgreement })]
  expect(JSON.stringify(plain)).not.toContain('keyAgreement')
  expect(hybrid.task.keyAgreement).toBe(keyAgreement)
  expect(planRound(JSON.parse(JSON.stringify(hybrid.task)))).toEqual(hybrid)
})

test('a plan warns if the server has to hold more than 1 GiB of ciphertexts', () => {
  const about = (task: Partial<RoundTask>): string[] =>
    planRound({ ...TASK, ...task }).warnings.filter((warning) => warning.includes('GiB of ciphertexts'))
  expect(about({ clients: 1000, graph: 'complete', keyAgreement })).toEqual([
    expect.stringMatching(/^The server holds up to 1\.6 GiB of ciphertexts of ML-KEM-768/),
  ])
  expect(about({ clients: 1000, graph: 'complete' })).toEqual([])
  expect(about({ keyAgreement })).toEqual([])
})

test('the simulator takes it, and the sum is exact', async () => {
  const crypto = await withPostQuantum(await defaultCrypto())
  const options = {
    clients: 6,
    length: 3,
    bits: 16,
    keyAgreement,
    drops: [{ phase: 'masked-input', count: 1 }],
  } as const
  const result = await simulate({ ...options, crypto })
  expect(result).toMatchObject({ exact: true, survivors: 5, keyAgreement })
  await expect(simulate(options)).rejects.toMatchObject({ code: 'unsupported', fault: 'usage' })
})
