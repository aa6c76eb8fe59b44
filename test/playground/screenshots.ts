// Usage: tsx test/playground/screenshots.ts: takes the screenshots that the documentation shows.
import { fileURLToPath } from 'node:url'
import { openSite } from './site.js'
import { takeScreenshots } from './take-screenshots.js'

const site = await openSite()
try {
  const folder = fileURLToPath(new URL('../../docs/playground/screenshots/', import.meta.url))
  await takeScreenshots(site, folder, { schemes: ['light', 'dark'], rounds: 10 })
} finally {
  await site.close()
}
