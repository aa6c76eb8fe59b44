import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

// Separate from the other tests, because the example has packages that only `npm run check:browser-training` installs.
const config: ViteUserConfig = defineConfig({
  test: {
    name: 'browser-training',
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.check.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})

export default config
