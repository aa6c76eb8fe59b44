import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Keys in a browser</title>
<link rel="icon" href="data:,">
<p><output style="white-space: pre-wrap">running a round</output></p>
<p><button>Create passkeys, and run a round with them</button></p>
<script type="module" src="page.js"></script>
</html>
`

/** Bundles the page and serves it on the loopback address. Browsers treat `localhost` like a site with TLS. */
export async function serveSite(port = 0): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { outputFiles } = await build({
    entryPoints: [path('page.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    tsconfig: path('../tsconfig.json'),
  })
  const script = outputFiles[0]!.text
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : HTML)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
