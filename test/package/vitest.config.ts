import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

// Apart from the other tests, as these look at what `npm run build` has made and need no source.
const config: ViteUserConfig = defineConfig({
  test: {
    name: 'package',
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.check.ts'],
    globalSetup: ['install.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

export default config
