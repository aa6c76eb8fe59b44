import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const sources = fileURLToPath(new URL('../../src/', import.meta.url))

/** What is newer than the first `AbortSignal` and `EventTarget`, and missing in React Native. */
const NEWER =
  /\.throwIfAborted\(|signal\??\.reason|AbortSignal\.\w+\(|once: true|addEventListener\([^()]*, \{/

test('of signals and event targets that callers hand in, only what all of them have is used', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  expect(files.length).toBeGreaterThan(100)
  const uses = files.flatMap((file) =>
    readFileSync(join(sources, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (NEWER.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  )
  // The one place that looks for a reason, and does without.
  expect(uses.filter((use) => !use.startsWith('arguments.ts'))).toEqual([])
})
