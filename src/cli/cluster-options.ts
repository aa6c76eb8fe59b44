import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import process from 'node:process'
import { UsageProblem } from './options.js'

/** The key of the cluster, from a file or from the environment. */
export function clusterKey(command: string, file: string | undefined): Uint8Array {
  const text = (file === undefined ? process.env.SECAGG_CLUSTER_KEY : read('key-file', file))?.trim()
  if (text === undefined) {
    throw new UsageProblem(`--key-file or SECAGG_CLUSTER_KEY is missing; see secagg ${command} --help`)
  }
  // The text is a secret, so the message does not show it.
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new UsageProblem('the key of the cluster must be 64 hexadecimal digits')
  return Uint8Array.from(text.match(/../g)!, (digits) => Number.parseInt(digits, 16))
}

/** The JSON object in the file of the option `credentials`. */
export function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(read('credentials', file))
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    if (error instanceof UsageProblem) throw error
  }
  throw new UsageProblem('--credentials must name a file with a JSON object')
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageProblem(`--${option}: ${(error as Error).message}`)
  }
}

/** Serves metrics on loopback. */
export function serveMetrics(source: { metrics(): string }, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(source.metrics())
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new UsageProblem(`--metrics: ${error.message}`)))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
