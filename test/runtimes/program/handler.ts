import { maskOnce, runProgram } from './program.js'
import type { Report } from './report.js'

/** The default export of a module worker. */
export interface Handler {
  fetch(request: Request): Promise<Response>
}

/**
 * Answers the requests of a server: `/` with the report, and `/mask?suite=SUITE&count=COUNT` after some masks. `kernels` says
 * where the inner loops run, if the program has installed them.
 */
export function handlerOf(kernels?: Report['kernels']): Handler {
  return {
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname !== '/mask') {
        const report = await runProgram()
        return new Response(JSON.stringify({ ...report, ...(kernels !== undefined && { kernels }) }))
      }
      const mask = await maskOnce(searchParams.get('suite') === 'aes' ? 'aes' : 'chacha')
      for (let left = Number(searchParams.get('count')); left > 0; left--) await mask()
      return new Response('done')
    },
  }
}
