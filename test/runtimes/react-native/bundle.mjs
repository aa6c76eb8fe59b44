// Usage: node bundle.mjs PROJECT ENTRY OUT. Bundles as React Native 0.83 does for a release: Metro with the configuration and the
// Babel preset of React Native, but without React Native itself.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const Metro = require('metro')
const { getDefaultConfig, mergeConfig } = require('@react-native/metro-config')

const [, , project, entry, out] = process.argv
const modules = join(import.meta.dirname, 'node_modules')
const config = mergeConfig(getDefaultConfig(project), {
  reporter: { update() {} },
  cacheStores: [],
  watchFolders: [project, modules],
  resolver: { useWatchman: false, nodeModulesPaths: [modules] },
  // Sets up what the phone has.
  serializer: { getModulesRunBeforeMainModule: () => [] },
})
// What a release is made of is not minified, but compiled to bytecode.
const { code } = await Metro.runBuild(config, { entry, dev: false, minify: false, platform: 'android' })
writeFileSync(out, code)
process.exit()
