import { join } from 'node:path'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { expect, test } from 'vitest'
import { installed, project, writeEverything } from './support.js'

/** The modules of which a bundle of `entry` has something, and its text. */
type Bundle = (entry: string) => Promise<{ readonly modules: string[]; readonly text: string }>

const bundlers: Readonly<Record<string, Bundle>> = {
  esbuild: async (entry) => {
    const { metafile, outputFiles } = await esbuild.build({
      entryPoints: [entry],
      absWorkingDir: project,
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    const [output] = Object.values(metafile.outputs)
    const modules = Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => join(project, path))
    return { modules, text: outputFiles[0]!.text }
  },
  Vite: async (entry) => {
    const result = await vite.build({
      root: project,
      logLevel: 'warn',
      build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
    })
    const outputs = [result].flat() as vite.Rolldown.RolldownOutput[]
    const chunks = outputs.flatMap(({ output }) => output).filter((chunk) => chunk.type === 'chunk')
    const modules = chunks
      .flatMap((chunk) => Object.entries(chunk.modules))
      .filter(([, { renderedLength }]) => renderedLength > 0)
      .map(([path]) => path)
    return { modules, text: chunks.map(({ code }) => code).join('\n') }
  },
}

const ofPackage = ({ modules }: { readonly modules: readonly string[] }): string[] =>
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

/** The labels of the keys that only hybrid key agreement has, and functions of it. */
const HYBRID = /mask seed|seal mask secret|function sealSecrets|encapsulate\(|isEncapsulationKey/
const HYBRID_MODULE =
  /post-quantum|^dist\/protocol\/(?:hybrid\/|(?:client|server)\/(?:complain|accept-complaint))|(?:dependable|noble|node|web)-encapsulation/

test.each(Object.entries(bundlers))(
  '%s leaves hybrid key agreement out of both sessions without secagg/post-quantum',
  async (_name, bundle) => {
    const everything = await bundle(writeEverything('bundled'))
    expect(everything.text).toMatch(HYBRID)
    expect(ofPackage(everything).filter((path) => HYBRID_MODULE.test(path))).toContain(
      'dist/protocol/hybrid/index.js',
    )

    const sessions = await bundle(join(project, 'programs/sessions.ts'))
    expect(sessions.text).not.toMatch(HYBRID)
    expect(ofPackage(sessions).filter((path) => HYBRID_MODULE.test(path))).toEqual([])
    expect(sessions.text).toMatch(/withPostQuantum/) // in the error that says what to import
  },
)
