import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles a program of this folder into one file, so that a hundred processes of it start quickly. */
export async function bundle(
  program: 'main' | 'client',
  outfile: string,
  alias: Readonly<Record<string, string>> = {},
): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL(`./${program}.ts`, import.meta.url))],
    outfile,
    alias: { ...alias },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ws', 'classic-level'],
    logLevel: 'error',
  })
}
