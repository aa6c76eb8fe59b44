import { copyFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

// Files map one to one onto the sources, so that a stack trace and a tree-shaker see the same modules as a reader.
export default defineConfig({
  entry: ['src/**/*.ts', '!src/**/*.d.ts'],
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  bundle: false,
  // By `tsc`, file by file as well: bundled declarations turn namespaces of types into values.
  dts: false,
  sourcemap: true,
  clean: true,
  // Errors only: a line for each file would bury what comes after.
  silent: true,
  onSuccess: async () => {
    for (const name of ['kernels.wasm', 'kernels.wasm.d.ts']) {
      copyFileSync(`src/vector/kernels/${name}`, `dist/vector/kernels/${name}`)
    }
  },
})
