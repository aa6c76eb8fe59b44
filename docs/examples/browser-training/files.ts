import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A file of the page, and its type. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const ofPackage = (module: string): string => dirname(fileURLToPath(import.meta.resolve(module)))

/** The files of the page by path: the page, its bundled script, and the WebAssembly of tfjs and of onnxruntime-web. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const { outputFiles } = await build({
    entryPoints: [here('page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    minify: true,
    logLevel: 'error',
  })
  const tfjs = ofPackage('@tensorflow/tfjs-backend-wasm')
  const onnxruntime = ofPackage('onnxruntime-web')
  const files = new Map<string, PageFile>([
    ['/page.js', { type: 'text/javascript', bytes: outputFiles[0]!.contents }],
  ])
  const add = async (path: string, file: string, type: string): Promise<void> => {
    files.set(path, { type, bytes: await readFile(file) })
  }
  await add('/', here('index.html'), 'text/html; charset=utf-8')
  await add('/style.css', here('style.css'), 'text/css')
  for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    await add(`/tfjs/${name}`, join(tfjs, name), 'application/wasm')
  }
  const name = 'ort-wasm-simd-threaded.wasm'
  await add(`/onnxruntime/${name}`, join(onnxruntime, name), 'application/wasm')
  return files
}
