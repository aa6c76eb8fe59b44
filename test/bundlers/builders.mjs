// Runs one bundler: `node builders.mjs NAME OPTIONS`, where OPTIONS is JSON: { project, entry, worker, out,
// server, external }.
// `entry` and `worker` are files, `out` is the folder to write `app.js` to, `server` says whether the bundle is for Node, and
// `external` whether the package stays outside of it.
// Prints one line of JSON: the version, and what the bundler warned of. Vite's development server prints its address too,
// and serves until its input ends.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'

const require = createRequire(import.meta.url)
const [, , name, options] = process.argv
const { project, entry, worker, out, server, external } = JSON.parse(options)

/** Of a package whose manifest cannot be imported, too. */
const versionOf = (name) => {
  for (const folder of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version
    } catch {}
  }
}

const say = (version, warnings = [], more = {}) =>
  process.stdout.write(`\n${JSON.stringify({ version, warnings, ...more })}\n`)

/** webpack and rspack have the same options. */
function pack(webpack, version) {
  const compiler = webpack({
    mode: 'production',
    context: project,
    entry,
    target: server ? 'node' : 'web',
    experiments: { outputModule: server },
    output: {
      path: out,
      filename: server ? 'app.mjs' : 'app.js',
      publicPath: server ? undefined : 'auto',
      ...(server ? { library: { type: 'module' }, chunkFormat: 'module' } : {}),
    },
    externalsType: 'module',
    externals: external ? [/^secagg/] : [],
    performance: { hints: false },
  })
  return new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error) return reject(error)
      const { errors, warnings } = stats.toJson({ errors: true, warnings: true })
      if (errors.length > 0) return reject(new Error(errors[0].message))
      say(
        version,
        warnings.map(({ message }) => message),
      )
      compiler.close(resolve)
    })
  })
}

/** An entry, and the worker next to it if it is asked for. */
const entriesOf = () => (worker === undefined ? { app: entry } : { app: entry, worker })

const html = '<!doctype html><link rel="icon" href="data:," /><script type="module" src="./app.js"></script>'

async function vite(alias) {
  const { build } = await import(alias)
  const warnings = []
  const logger = {
    ...Object.fromEntries(['info', 'warnOnce', 'clearScreen'].map((name) => [name, () => {}])),
    warn: (text) => warnings.push(text),
    error: (text) => warnings.push(text),
    hasErrorLogged: () => false,
    hasWarned: false,
  }
  const config = { root: project, configFile: false, customLogger: logger }
  return { build, config, warnings, version: versionOf(alias) }
}

const viteBuilds = (alias) => ({
  async app() {
    const { build, config, warnings, version } = await vite(alias)
    writeFileSync(join(project, 'index.html'), html.replace('./app.js', `./${relative(project, entry)}`))
    await build({ ...config, build: { outDir: out, emptyOutDir: true } })
    say(version, warnings)
  },
  async dev() {
    const { createServer } = await import(alias)
    const { config, warnings, version } = await vite(alias)
    writeFileSync(join(project, 'index.html'), html.replace('./app.js', `./${relative(project, entry)}`))
    const started = await createServer({ ...config, server: { host: 'localhost', port: 0 } })
    await started.listen()
    say(version, warnings, { address: started.resolvedUrls.local[0] })
    process.stdin.resume().on('end', () => process.exit())
  },
  /** A library, and an application of the same Vite that uses it. */
  async lib() {
    const { build, config, warnings, version } = await vite(alias)
    const library = join(project, `library-${alias}`)
    await build({
      ...config,
      build: {
        outDir: library,
        emptyOutDir: true,
        lib: { entry, formats: ['es'], fileName: 'library' },
        rollupOptions: { external: external ? [/^secagg/] : [] },
      },
    })
    writeFileSync(join(project, 'index.html'), html.replace('./app.js', `./uses-library-${alias}.js`))
    writeFileSync(join(project, `uses-library-${alias}.js`), `import './library-${alias}/library.js'\n`)
    await build({ ...config, build: { outDir: out, emptyOutDir: true } })
    say(version, warnings)
  },
  async ssr() {
    const { build, config, warnings, version } = await vite(alias)
    await build({
      ...config,
      ssr: { noExternal: true },
      build: { ssr: true, outDir: out, emptyOutDir: true, rollupOptions: { input: entriesOf() } },
    })
    say(version, warnings)
  },
})

/** What answers requests in an application of Next, as a file and its text. All but a page answer at `/answer`. */
const NEXT_PLACES = {
  page: [],
  route: ['app/answer/route.js', "export const dynamic = 'force-dynamic'\nexport const GET = answer"],
  'edge route': ['app/answer/route.js', "export const runtime = 'edge'\nexport const GET = answer"],
  'edge route with kernels': [
    'app/answer/route.js',
    // By its path: Turbopack looks for the query in the exports of the package.
    `import kernels from '../../node_modules/secagg/dist/vector/kernels/kernels.wasm?module'
import { installKernels } from 'secagg/vector'
installKernels(kernels)
export const runtime = 'edge'
export const GET = answer`,
  ],
  middleware: [
    'middleware.js',
    "export const config = { matcher: '/answer' }\nexport const middleware = answer",
  ],
  proxy: ['proxy.js', "export const config = { matcher: '/answer' }\nexport const proxy = answer"],
  'edge proxy': [
    'proxy.js',
    "export const config = { matcher: '/answer', runtime: 'edge' }\nexport const proxy = answer",
  ],
}

/** A page that runs the program, or that shows the answer of a server that runs it. */
async function next(place) {
  const app = join(import.meta.dirname, '.next-app')
  rmSync(app, { recursive: true, force: true })
  const write = (path, text) => {
    mkdirSync(dirname(join(app, path)), { recursive: true })
    writeFileSync(join(app, path), text)
  }
  // Turbopack follows no link that leads out of its root.
  for (const name of ['secagg', '@noble']) {
    cpSync(join(project, 'node_modules', name), join(app, 'node_modules', name), { recursive: true })
  }
  copyFileSync(join(dirname(entry), 'report.js'), join(app, 'report.js'))
  write('package.json', '{ "private": true, "type": "module" }')
  const root = JSON.stringify(import.meta.dirname)
  const settings = `turbopack: { root: ${root} }, serverExternalPackages: ${external ? "['secagg']" : '[]'}`
  write('next.config.mjs', `export default { ${settings} }`)
  write('app/layout.js', 'export default ({ children }) => <html><body>{children}</body></html>')
  const [file, text] = NEXT_PLACES[place]
  const shown =
    file === undefined
      ? 'show()'
      : "fetch('/answer').then(async (answer) => { globalThis.seen = await answer.text() })"
  write(
    'app/page.js',
    `'use client'
import { useEffect } from 'react'
${file === undefined ? "import { show } from '../report.js'" : ''}
export default function Page() { useEffect(() => { ${shown} }, []); return null }`,
  )
  if (file !== undefined) {
    const path = relative(dirname(join(app, file)), join(app, 'report.js'))
    write(
      file,
      `import { report } from '${path.startsWith('.') ? path : `./${path}`}'
const answer = async () => Response.json(await report())
${text}`,
    )
  }
  const command = require.resolve('next/dist/bin/next')
  const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
  const port = 20_000 + (process.pid % 10_000)
  const built = spawnSync(process.execPath, [command, 'build'], {
    cwd: app,
    env: environment,
    encoding: 'utf8',
  })
  const printed = built.stdout + built.stderr
  if (built.status !== 0) throw new Error(printed)
  const started = spawn(process.execPath, [command, 'start', '--port', `${port}`], {
    cwd: app,
    env: environment,
  })
  process.on('exit', () => started.kill())
  process.stdin.resume().on('end', () => process.exit())
  await new Promise((resolve) =>
    started.stdout.on('data', (text) => `${text}`.includes('Ready') && resolve()),
  )
  const warnings = printed.split('\n').filter((line) => line.includes('⚠'))
  say(versionOf('next'), warnings, { address: `http://localhost:${port}/` })
}

const builders = {
  webpack: () => pack(require('webpack'), versionOf('webpack')),
  rspack: () => pack(require('@rspack/core').rspack, versionOf('@rspack/core')),
  async rollup() {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const warnings = []
    const bundle = await rollup({
      input: entriesOf(),
      plugins: [nodeResolve({ browser: !server, exportConditions: server ? ['node'] : ['browser'] })],
      onwarn: ({ message }) => warnings.push(message),
    })
    await bundle.write({ dir: out, format: 'es', entryFileNames: '[name].js' })
    say(versionOf('rollup'), warnings)
  },
  async esbuild() {
    const { build } = await import('esbuild')
    const { warnings } = await build({
      entryPoints: entriesOf(),
      bundle: true,
      format: 'esm',
      platform: server ? 'node' : 'browser',
      outdir: out,
      logLevel: 'silent',
    })
    say(
      versionOf('esbuild'),
      warnings.map(({ text }) => text),
    )
  },
  async bun() {
    const bun = join(dirname(require.resolve('bun/package.json')), '../@oven/bun-linux-x64/bin/bun')
    const target = server ? 'node' : 'browser'
    for (const [name, file] of Object.entries(entriesOf())) {
      const output = ['--target', target, '--outfile', join(out, `${name}.js`)]
      execFileSync(bun, ['build', file, ...output], { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] })
    }
    say(versionOf('bun'))
  },
  async deno() {
    const deno = require.resolve('deno/bin.cjs')
    const platform = server ? 'deno' : 'browser'
    for (const [name, file] of Object.entries(entriesOf())) {
      const output = ['--quiet', '--platform', platform, '--output', join(out, `${name}.js`)]
      const command = [deno, 'bundle', ...output, file]
      execFileSync(process.execPath, command, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] })
    }
    say(versionOf('deno'))
  },
  async parcel() {
    const { Parcel } = require('@parcel/core')
    writeFileSync(join(project, 'page.html'), html.replace('./app.js', `./${relative(project, entry)}`))
    const bundler = new Parcel({
      entries: join(project, 'page.html'),
      defaultConfig: require.resolve('@parcel/config-default'),
      shouldDisableCache: true,
      mode: 'production',
      defaultTargetOptions: { distDir: out, shouldOptimize: true },
    })
    await bundler.run()
    copyFileSync(join(out, 'page.html'), join(out, 'index.html'))
    say(versionOf('parcel'))
  },
  /** As React Native bundles, without its presets: what it resolves for `react-native`, without tree shaking. */
  async metro() {
    const Metro = require('metro')
    const defaults = await Metro.loadConfig({ cwd: project, resetCache: true }, { projectRoot: project })
    const config = {
      ...defaults,
      reporter: { update: () => {} },
      watchFolders: [project, join(import.meta.dirname, 'node_modules')],
      cacheStores: [],
      resolver: {
        ...defaults.resolver,
        useWatchman: false,
        nodeModulesPaths: [join(import.meta.dirname, 'node_modules')],
        unstable_enablePackageExports: true,
        resolverMainFields: ['react-native', 'browser', 'main'],
        unstable_conditionsByPlatform: {},
        unstable_conditionNames: ['react-native'],
      },
      transformer: {
        ...defaults.transformer,
        asyncRequireModulePath: require.resolve('metro-runtime/src/modules/asyncRequire'),
        babelTransformerPath: require.resolve('metro-babel-transformer'),
        getTransformOptions: async () => ({ transform: { experimentalImportSupport: true } }),
      },
    }
    const bundle = (file) =>
      Metro.runBuild(config, { entry: file, dev: false, minify: true, platform: 'ios' })
    const client = join(dirname(entry), 'client-alone.js')
    writeFileSync(
      client,
      "import { ClientSession, createRoundConfig } from 'secagg/client'\nglobalThis.client = { ClientSession, createRoundConfig }\n",
    )
    const clientBytes = gzipSync((await bundle(client)).code, { level: 9 }).length
    const { code } = await bundle(entry)
    mkdirSync(out, { recursive: true })
    writeFileSync(join(out, 'app.cjs'), code)
    say(versionOf('metro'), [], { clientBytes })
  },
  ...Object.fromEntries(Object.keys(NEXT_PLACES).map((place) => [`next ${place}`, () => next(place)])),
  ...Object.fromEntries(
    ['vite-6', 'vite-7', 'vite-8'].flatMap((alias) =>
      Object.entries(viteBuilds(alias)).map(([kind, build]) => [`${alias} ${kind}`, build]),
    ),
  ),
}

if (builders[name] === undefined) throw new Error(`there is no bundler ${name}`)
await builders[name]()
if (out !== undefined && !server) {
  mkdirSync(out, { recursive: true })
  if (/^(webpack|rspack|rollup|esbuild|bun|deno)$/.test(name)) writeFileSync(join(out, 'index.html'), html)
}
