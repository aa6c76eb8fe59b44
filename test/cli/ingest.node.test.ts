import { expect, test } from 'vitest'
import { ingestCommand } from '../../src/cli/ingest-command.js'

const KEY = 'ab'.repeat(32)

test('wrong options of the ingest process are explained', async () => {
  const refused = (args: readonly string[], text: RegExp) =>
    expect(ingestCommand(args)).rejects.toMatchObject({
      name: 'UsageProblem',
      message: expect.stringMatching(text),
    })
  delete process.env.SECAGG_CLUSTER_KEY
  await refused([], /--nats is missing/)
  await refused(['--nats', 'localhost', '--listen', '0'], /SECAGG_CLUSTER_KEY is missing/)
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--key-file', '/does/not/exist'],
    /--key-file: ENOENT/,
  )
  await refused(['--nats', 'localhost'], /--listen is missing/)
  await refused(['--nats', 'localhost', '--listen', 'two'], /--listen must be a whole number/)
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--metrics', '70000'],
    /--metrics must be a whole number/,
  )
  process.env.SECAGG_CLUSTER_KEY = KEY.slice(2)
  await refused(['--nats', 'localhost', '--listen', '0'], /64 hexadecimal digits/)
  process.env.SECAGG_CLUSTER_KEY = KEY
  await refused(
    ['--nats', 'localhost', '--listen', '0', '--credentials', '/does/not/exist'],
    /--credentials: ENOENT/,
  )
  delete process.env.SECAGG_CLUSTER_KEY
})
