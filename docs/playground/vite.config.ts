import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'vite'
import { mnistFile } from './mnist-file.js'

/** The page may only run its own files. There is no server behind it, and the browser enforces this. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so the folder can be anywhere on a site.
  base: './',
  publicDir: false,
  plugins: [
    mnistFile(),
    {
      name: 'content-security-policy',
      apply: 'build',
      transformIndexHtml: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
          injectTo: 'head-prepend',
        },
      ],
    },
  ],
  worker: { format: 'es' },
  // Keep assets as files, because the policy does not allow scripts in data: URLs.
  build: { target: 'es2022', outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0 },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
})

export default config
