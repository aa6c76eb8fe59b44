// Usage: tsx --tsconfig bench/tsconfig.json bench/large-model.ts [--values N] [--clients N]
// The most memory that a process takes in which all clients of a round, and the server, have a model of N values: with
// inputs that are encoded before the round, encoded when the session asks, and encoded slice by slice. One process each.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ClientSession, type InputSource, ServerSession } from 'secagg'
import { encodeUpdate, openRound, planRound, type Round, streamUpdate } from 'secagg/federated'

const INPUTS = {
  'before the round': { input: (update, round) => encodeUpdate(update, 1, round).input },
  'when it is asked for': {
    input: (update, round) => (range) => streamUpdate(update, 1, round).input.vector(range),
  },
  'slice by slice': { sliceLength: 2 ** 20, input: (update, round) => streamUpdate(update, 1, round).input },
} as const satisfies {
  readonly [name: string]: {
    readonly sliceLength?: number
    readonly input: (update: Float32Array, round: Round) => InputSource
  }
}

const { values } = parseArgs({
  options: {
    values: { type: 'string', default: '25000000' },
    clients: { type: 'string', default: '20' },
    only: { type: 'string' },
  },
})

if (values.only === undefined) {
  const self = fileURLToPath(import.meta.url)
  for (const name of Object.keys(INPUTS)) {
    const options = [
      ...process.execArgv,
      self,
      '--values',
      values.values,
      '--clients',
      values.clients,
      '--only',
      name,
    ]
    const { status } = spawnSync(process.execPath, options, { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
} else {
  await measure(values.only as keyof typeof INPUTS)
}

async function measure(name: keyof typeof INPUTS): Promise<void> {
  const [length, clients] = [Number(values.values), Number(values.clients)]
  const { input, ...slices } = INPUTS[name] as (typeof INPUTS)['slice by slice']
  const plan = planRound({
    length,
    clients,
    adversary: 'honest-but-curious',
    dropoutFraction: 0.1,
    corruptFraction: 0.05,
    clip: 1,
    ...slices,
  })
  const round = openRound(plan, { sessionId: crypto.getRandomValues(new Uint8Array(32)) })
  const { config } = round
  // One for all, as on devices of their own each client has one, whatever becomes of it.
  const update = Float32Array.from({ length }, (_, index) => (index % 1000) / 1000)
  const before = resident()
  const start = performance.now()
  const sessions = Array.from(
    { length: clients },
    (_, seat) => new ClientSession({ config, seat, input: input(update, round) }),
  )
  const server = new ServerSession({ config })
  for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      const session = sessions[seat]!
      await server.receive(seat, await session.receive(bytes))
      for await (const slice of session.slices()) await server.receive(seat, slice)
    }
    outcome = await server.closePhase()
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  const most = process.resourceUsage().maxRSS / 1024
  console.log(
    `${name.padEnd(22)} ${most.toFixed(0)} MiB at most, ${before.toFixed(0)} before the round; ${seconds} s`,
  )
}

function resident(): number {
  return process.memoryUsage().rss / 2 ** 20
}
