import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createRoundConfig, type RoundConfig } from 'secagg'
import type { ClusterIngest, NatsIngestOptions } from 'secagg/nats'
import {
  connectionPair,
  runClient,
  type ServeRoundOptions,
  serveRound,
  socketConnection,
} from 'secagg/transport'
import { WebSocket } from 'ws'
import { KEY } from './support.js'

/** A command of the command line that runs in a process of its own. */
export interface RunningCommand {
  /** Asks it to end, and waits until it has. */
  end(): Promise<void>
  kill(): void
}

/** Starts `secagg worker` or `secagg ingest`, and waits until it says that it is ready. */
export async function startCommand(
  servers: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningCommand> {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', cli, ...args, '--nats', servers], {
    env: { ...process.env, ...env, SECAGG_CLUSTER_KEY: Buffer.from(KEY).toString('hex') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve())
    ended.then(() => reject(new Error(`secagg ${args[0]} has ended`)))
  })
  return {
    end: async () => {
      child.kill('SIGTERM')
      await ended
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** A store of partial sums in memory. */
export function storeFor(): ReturnType<NatsIngestOptions['storeFor']> {
  const kept = new Map<string, Uint8Array>()
  return {
    put: (group, block, bytes) => void kept.set(`${group} ${block}`, bytes),
    get: (group, block) => kept.get(`${group} ${block}`)!,
    discard: (group) => {
      for (const name of [...kept.keys()]) if (name.startsWith(`${group} `)) kept.delete(name)
    },
  }
}

/** A round of eight clients. */
export function configOf(id: number, length = 3000): RoundConfig {
  return createRoundConfig({
    sessionId: new Uint8Array(32).fill(id),
    clients: 8,
    threshold: 5,
    minimumCohort: 5,
    adversary: 'honest-but-curious',
    segments: [{ length, bits: 32, bound: 1000 }],
  })
}

/** Plays a round, in which client 3 drops out. The sum is 25 in each element. */
export async function playRound(
  config: RoundConfig,
  ingest: ClusterIngest,
  options: Partial<ServeRoundOptions> = {},
): Promise<unknown> {
  const round = serveRound({
    ...{ ...options, config, plane: ingest.plane, farewell: 500 },
    phases: { 'masked-input': { deadline: 1500 } },
  })
  const gone = new AbortController()
  const ends = Array.from({ length: config.clients }, (_, seat) => {
    const connect = () => {
      const [ours, theirs] = connectionPair()
      round.connect(seat, theirs)
      return ours
    }
    return runClient(connect, {
      ...{ config, seat, signal: seat === 3 ? gone.signal : undefined },
      input: ({ from, to }) => {
        if (seat === 3) gone.abort()
        return new Uint32Array(to - from).fill(seat)
      },
      openUpload: (address) => socketConnection(new WebSocket(address)),
    }).catch(() => undefined)
  })
  const { sum } = await round.outcome
  await round.closed
  await Promise.all(ends)
  return sum
}
