import { defineConfig } from 'tsup'

// Files map one to one onto the sources, so that a stack trace and a tree-shaker see the same modules as a reader.
export default defineConfig({
  entry: ['src/**/*.ts'],
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  bundle: false,
  dts: true,
  sourcemap: true,
  clean: true,
})
