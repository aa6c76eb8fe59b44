#!/bin/sh
# vite 7.3.8 and 8.3.8, library mode: a library with a worker refers to a file at the root of a site that it cannot know.
#
# `new Worker(new URL('./worker.js', import.meta.url))` is the form that Vite documents. In library mode, Vite writes the worker
# next to the library, as assets/worker-HASH.js, but the library asks for /assets/worker-HASH.js. An application that bundles the
# library fails to build with Vite 7. With Vite 8 it builds without a warning, and its output has no worker: the
# browser then asks for a file that is not there. The build of the library warns in neither version.
#
# Seen:
#   vite 7: the library asks for /assets/worker-HASH.js, the file is ./assets/worker-HASH.js, 0 warnings
#   vite 7: the application does not build: Could not resolve entry module
#   vite 8: the library asks for /assets/worker-HASH.js, the file is ./assets/worker-HASH.js, 0 warnings
#   vite 8: the application builds, with 0 workers and 0 warnings
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts vite-7@npm:vite@7.3.8 vite-8@npm:vite@8.3.8 >/dev/null

mkdir library
echo "export const start = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })" >library/index.js
echo 'postMessage(42)' >library/worker.js

cat >check.mjs <<'JS'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

for (const version of [7, 8]) {
  const { build } = await import(`vite-${version}`)
  const warned = []
  const say = () => {}
  const customLogger = { info: say, warn: (text) => warned.push(text), warnOnce: say, error: say, clearScreen: say, hasErrorLogged: () => false, hasWarned: false }
  const settings = { configFile: false, customLogger }
  const outDir = `made-${version}`
  const lib = { entry: 'library/index.js', formats: ['es'], fileName: 'index' }
  await build({ ...settings, build: { outDir, lib, minify: false } })
  const url = /["'`]([^"'`]*worker[^"'`]*\.js)["'`]/.exec(readFileSync(`${outDir}/index.js`, 'utf8'))[1]
  const file = readdirSync(`${outDir}/assets`)[0]
  const same = existsSync(`${outDir}${url}`) ? `./assets/${file}` : 'elsewhere'
  const masked = (text) => text.replace(/worker-[\w-]+\.js/, 'worker-HASH.js')
  console.log(`vite ${version}: the library asks for ${masked(url)}, the file is ${masked(same)}, ${warned.length} warnings`)

  mkdirSync(`app-${version}`)
  writeFileSync(`app-${version}/index.html`, '<script type="module" src="./main.js"></script>')
  writeFileSync(`app-${version}/main.js`, `import { start } from '../${outDir}/index.js'\nstart()\n`)
  try {
    await build({ ...settings, root: `app-${version}`, build: { outDir: 'dist' } })
    const workers = readdirSync(`app-${version}/dist/assets`).filter((name) => name.startsWith('worker'))
    console.log(`vite ${version}: the application builds, with ${workers.length} workers and ${warned.length} warnings`)
  } catch (error) {
    console.log(`vite ${version}: the application does not build: ${/Could not resolve entry module/.exec(error.message)}`)
  }
}
JS

cat >expected <<'TEXT'
vite 7: the library asks for /assets/worker-HASH.js, the file is ./assets/worker-HASH.js, 0 warnings
vite 7: the application does not build: Could not resolve entry module
vite 8: the library asks for /assets/worker-HASH.js, the file is ./assets/worker-HASH.js, 0 warnings
vite 8: the application builds, with 0 workers and 0 warnings
TEXT
node check.mjs | grep "^vite" >seen
cat seen
diff expected seen
