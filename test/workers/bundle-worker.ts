import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The worker file as one script, for tests in Node, which cannot start a thread from a TypeScript file. */
    workerScript: string
  }
}

export default async function setup({ provide }: TestProject): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/workers/worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'neutral',
  })
  provide('workerScript', outputFiles[0]!.text)
}
