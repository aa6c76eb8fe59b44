import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { expect, test } from 'vitest'
import { installed, project, writeEverything } from './support.js'

/** The modules of which a bundle of `entry` has something, and its text. */
type Bundle = (entry: string, root?: string) => Promise<{ readonly modules: string[]; readonly text: string }>

const bundlers: Readonly<Record<string, Bundle>> = {
  esbuild: async (entry, root = project) => {
    const { metafile, outputFiles } = await esbuild.build({
      entryPoints: [entry],
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    const [output] = Object.values(metafile.outputs)
    const modules = Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => join(root, path))
    return { modules, text: outputFiles[0]!.text }
  },
  Vite: async (entry, root = project) => {
    const result = await vite.build({
      root,
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

test('the entries for clients reach no module of the server, even if a bundler keeps whole modules', async () => {
  const { metafile } = await esbuild.build({
    stdin: { contents: "import 'secagg/client'; import 'secagg/transport/client'", resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    format: 'esm',
    metafile: true,
    write: false,
    // Otherwise esbuild does not even look at modules that nothing is used of.
    ignoreAnnotations: true,
    treeShaking: false,
  })
  const modules = ofPackage({ modules: Object.keys(metafile.inputs).map((path) => join(project, path)) })
  expect(modules).toContain('dist/session/client-session.js')
  expect(modules).toContain('dist/transport/client/run-client.js')
  expect(
    modules.filter((path) =>
      /server|serving|^dist\/(?:cli|federated|plane|simulate|statistics|workers)\b/.test(path),
    ),
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

test.each(Object.entries(bundlers))(
  '%s bundles secagg/post-quantum if the optional package is missing',
  async (_name, bundle) => {
    // Outside the project, so that bundlers do not find its packages.
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'secagg-without-peer-')))
    const modules = join(root, 'node_modules')
    mkdirSync(join(modules, '@noble'), { recursive: true })
    cpSync(installed, join(modules, 'secagg'), { recursive: true })
    const all = join(installed, '..')
    const names = [...readdirSync(all), ...readdirSync(join(all, '@noble')).map((name) => `@noble/${name}`)]
    for (const each of names) {
      if (!/^(?:secagg|@noble|@noble\/post-quantum|\..*)$/.test(each))
        symlinkSync(join(all, each), join(modules, each))
    }
    const entry = join(root, 'entry.js')
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
    writeFileSync(entry, "export { withPostQuantum } from 'secagg/post-quantum'")
    try {
      const { text } = await bundle(entry, root)
      expect(text).toContain('install the package @noble/post-quantum')
    } finally {
      rmSync(root, { recursive: true })
    }
  },
)

test('a client without hybrid key agreement has little of it: lengths, its state, and the error that says what to import', async () => {
  const { metafile } = await esbuild.build({
    stdin: { contents: "export { ClientSession, createRoundConfig } from 'secagg'", resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    minify: true,
    format: 'esm',
    metafile: true,
    write: false,
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output!.inputs)
  const ofHybrid = inputs.filter(([path]) => /(?:hybrid|encapsulation|parcel|post-quantum)/.test(path))
  expect(ofHybrid.map(([path]) => path.slice(path.indexOf('dist/'))).sort()).toEqual([
    'dist/crypto/encapsulation.js',
    'dist/protocol/client/hybrid-states.js',
    'dist/protocol/hybrid-steps.js',
    'dist/protocol/parcel-lengths.js',
  ])
  // Bytes before compression.
  expect(ofHybrid.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)).toBeLessThan(1200)
})
