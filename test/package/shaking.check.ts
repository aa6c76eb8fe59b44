import { join } from 'node:path'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { expect, test } from 'vitest'
import { installed, project, writeEverything } from './support.js'

/** The modules of the package of which a bundle of `entry` has something. */
type Bundle = (entry: string) => Promise<string[]>

const bundlers: Readonly<Record<string, Bundle>> = {
  esbuild: async (entry) => {
    const { metafile } = await esbuild.build({
      entryPoints: [entry],
      absWorkingDir: project,
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    const [output] = Object.values(metafile.outputs)
    return Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => join(project, path))
  },
  Vite: async (entry) => {
    const result = await vite.build({
      root: project,
      logLevel: 'warn',
      build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
    })
    const outputs = [result].flat() as vite.Rolldown.RolldownOutput[]
    return outputs
      .flatMap(({ output }) => output)
      .flatMap((chunk) => (chunk.type === 'chunk' ? Object.entries(chunk.modules) : []))
      .filter(([, { renderedLength }]) => renderedLength > 0)
      .map(([path]) => path)
  },
}

const ofPackage = (modules: readonly string[]): string[] =>
  modules.filter((path) => path.startsWith(installed)).map((path) => path.slice(installed.length + 1))

test.each(Object.entries(bundlers))('%s finds every entry point', async (_name, bundle) => {
  const modules = ofPackage(await bundle(writeEverything('bundled')))
  expect(modules).toContain('dist/session/server-session.js')
  expect(modules).toContain('dist/workers/worker.js')
})

test.each(Object.entries(bundlers))('%s leaves the server out of a client', async (_name, bundle) => {
  const modules = ofPackage(await bundle(join(project, 'programs/client.ts')))
  expect(modules).toContain('dist/session/client-session.js')
  expect(modules.filter((path) => /server/.test(path))).toEqual([])
  expect(
    modules.filter((path) => /^dist\/(?:cli|federated|privacy|simulate|statistics|workers)\b/.test(path)),
  ).toEqual([])
})
