import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer, freePort } from './nats-server.js'

/** A broker of three nodes on loopback. */
export interface TestCluster {
  /** The addresses of all nodes. */
  readonly servers: string[]
  /** The names of the nodes that run. */
  readonly running: readonly string[]
  /** Ends a node as if its machine lost power. */
  kill(name: string): Promise<void>
  start(name: string): void
  /** Waits until all running nodes have the same leader, which decides where streams are. Returns its name. */
  leader(): Promise<string>
  /** The leader of the only stream with this prefix, once there is one. */
  leaderOf(prefix: string, signal: AbortSignal): Promise<string | undefined>
  /** Ends all nodes, and deletes their files. */
  close(): Promise<void>
}

interface JetStreamState {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number }
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly cluster?: { readonly leader?: string }
    }[]
  }[]
}

interface Node {
  readonly port: number
  readonly monitor: number
  readonly config: string
  process: ChildProcess | undefined
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Starts three nodes that replicate their streams, and waits until they have a leader. */
export async function startNatsCluster(): Promise<TestCluster> {
  const path = findNatsServer()
  if (path === undefined) throw new Error('no nats-server')
  const folder = mkdtempSync(join(tmpdir(), 'secagg-nats-cluster-'))
  const routes = [await freePort(), await freePort(), await freePort()]
  const nodes = new Map<string, Node>()
  for (const [index, route] of routes.entries()) {
    const [name, port, monitor] = [`node-${index}`, await freePort(), await freePort()]
    const config = join(folder, `${name}.conf`)
    const others = routes.map((other) => `nats://127.0.0.1:${other}`).join(', ')
    writeFileSync(
      config,
      `server_name: ${name}
listen: 127.0.0.1:${port}
http: 127.0.0.1:${monitor}
jetstream { store_dir: "${folder}/${name}" }
cluster { name: test, listen: 127.0.0.1:${route}, routes: [${others}] }
`,
    )
    nodes.set(name, { port, monitor, config, process: undefined })
  }
  const node = (name: string): Node => nodes.get(name)!
  const start = (name: string): void => {
    node(name).process = spawn(path, ['-c', node(name).config], { stdio: 'ignore' })
  }
  const kill = async (name: string): Promise<void> => {
    const { process } = node(name)
    node(name).process = undefined
    if (process === undefined) return
    const ended = new Promise((resolve) => process.once('exit', resolve))
    process.kill('SIGKILL')
    await ended
  }
  const running = (): string[] => [...nodes.keys()].filter((name) => node(name).process !== undefined)
  const stateOf = async (name: string, query = ''): Promise<JetStreamState> => {
    try {
      const response = await fetch(`http://127.0.0.1:${node(name).monitor}/jsz${query}`)
      return (await response.json()) as JetStreamState
    } catch {
      return {}
    }
  }
  const leader = async (): Promise<string> => {
    for (;;) {
      const states = await Promise.all(running().map((name) => stateOf(name)))
      const leaders = new Set(states.map((state) => state.meta_cluster?.leader))
      const [only] = leaders
      if (leaders.size === 1 && only && running().includes(only)) return only
      await sleep(50)
    }
  }
  for (const name of nodes.keys()) start(name)
  await leader()
  return {
    servers: [...nodes.values()].map(({ port }) => `127.0.0.1:${port}`),
    get running() {
      return running()
    },
    kill,
    start,
    leader,
    leaderOf: async (prefix, signal) => {
      while (!signal.aborted) {
        for (const name of running()) {
          const { account_details: accounts = [] } = await stateOf(name, '?streams=true&accounts=true')
          const streams = accounts.flatMap(({ stream_detail = [] }) => stream_detail)
          const found = streams.find((stream) => stream.name.startsWith(prefix))?.cluster?.leader
          if (found !== undefined && running().includes(found)) return found
        }
        await sleep(10)
      }
      return undefined
    },
    close: async () => {
      for (const name of nodes.keys()) await kill(name)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
