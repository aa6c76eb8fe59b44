import { expect, test } from 'vitest'
import { workerCommand } from '../../src/cli/worker-command.js'

const KEY = 'ab'.repeat(32)

test('wrong options of the worker are explained', async () => {
  const refused = (args: readonly string[], text: RegExp) =>
    expect(workerCommand(args)).rejects.toMatchObject({
      name: 'UsageProblem',
      message: expect.stringMatching(text),
    })
  delete process.env.SECAGG_CLUSTER_KEY
  await refused([], /--nats is missing/)
  await refused(['--nats', 'localhost'], /SECAGG_CLUSTER_KEY is missing/)
  await refused(['--nats', 'localhost', '--key-file', '/does/not/exist'], /--key-file: ENOENT/)
  await refused(['--nats', 'localhost', '--threads', 'two'], /--threads must be a whole number/)
  await refused(['--nats', 'localhost', '--metrics', '70000'], /--metrics must be a whole number/)
  process.env.SECAGG_CLUSTER_KEY = KEY.slice(2)
  await refused(['--nats', 'localhost'], /64 hexadecimal digits/)
  process.env.SECAGG_CLUSTER_KEY = KEY
  await refused(['--nats', 'localhost', '--credentials', '/does/not/exist'], /--credentials: ENOENT/)
  delete process.env.SECAGG_CLUSTER_KEY
})
