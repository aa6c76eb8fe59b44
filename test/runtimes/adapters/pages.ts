import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Report } from '../program/report.js'
import { PATIENCE } from '../runtime.js'

/** Where in a browser the program runs. */
type Place = 'page' | 'worker' | 'shared-worker' | 'service-worker'

/** One variant of the page. */
export interface Page {
  readonly place: Place
  /** Whether the page is cross-origin isolated, so that it has shared memory. */
  readonly isolated: boolean
  /** The content security policy, if it has one. */
  readonly policy?: string
}

/** A loopback server that has the program as a page, and hears its report. */
export interface PageServer {
  /** Resolves to the report of the page, which `visit` opens. */
  reportOf(page: Page, visit: (address: string) => Promise<void>): Promise<Report>
  close(): void
}

const STARTERS: { readonly [place in Place]: string } = {
  page: 'page.js',
  worker: 'starter.js#worker',
  'shared-worker': 'starter.js#shared-worker',
  'service-worker': 'starter.js#service-worker',
}

/**
 * Serves the scripts, by name. Each page has an origin with its own port, so that nothing of another page, such as a service
 * worker, is left there.
 */
export function servePages(scripts: ReadonlyMap<string, string>): PageServer {
  const servers = new Set<Server>()
  return {
    async reportOf(page, visit) {
      const { promise, resolve, reject } = deferred<Report>()
      const server = createServer((request, response) => {
        const name = request.url!.slice(1)
        if (request.method === 'POST') {
          let body = ''
          request.on('data', (piece) => {
            body += piece
          })
          request.on('end', () => {
            response.end()
            const said = JSON.parse(body) as Report | { failure: string }
            if ('failure' in said) reject(new Error(said.failure))
            else resolve(said)
          })
          return
        }
        const script = scripts.get(name)
        if (script === undefined && name !== '') {
          response.writeHead(404).end()
          return
        }
        response.writeHead(200, {
          'content-type': script === undefined ? 'text/html' : 'text/javascript',
          'cache-control': 'no-store',
          ...(page.policy === undefined ? {} : { 'content-security-policy': page.policy }),
          ...(page.isolated
            ? {
                'cross-origin-opener-policy': 'same-origin',
                'cross-origin-embedder-policy': 'require-corp',
              }
            : {}),
        })
        const [file, place = ''] = STARTERS[page.place].split('#')
        response.end(
          script ??
            `<!doctype html><script type="module" src="${file}" data-place="${place}" id="starter"></script>`,
        )
      })
      servers.add(server)
      await new Promise<void>((listening) => server.listen(0, 'localhost', listening))
      const timer = setTimeout(() => reject(new Error('the page did not report')), PATIENCE)
      try {
        await visit(`http://localhost:${(server.address() as AddressInfo).port}/`)
        return await promise
      } finally {
        clearTimeout(timer)
        server.closeAllConnections()
        server.close()
        servers.delete(server)
      }
    },
    close() {
      for (const server of servers) server.close()
    },
  }
}

function deferred<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
} {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => undefined)
  return { promise, ...settle! }
}
