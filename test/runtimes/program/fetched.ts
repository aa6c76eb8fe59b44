// The program for runtimes that answer requests. Their clock stands still between them, so the client measures the time.
import { maskOnce, runProgram } from './program.js'

const handler: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/mask') return new Response(JSON.stringify(await runProgram()))
    const mask = await maskOnce(searchParams.get('suite') === 'aes' ? 'aes' : 'chacha')
    for (let left = Number(searchParams.get('count')); left > 0; left--) await mask()
    return new Response('done')
  },
}

export default handler
