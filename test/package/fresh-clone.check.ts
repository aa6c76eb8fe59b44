import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The files of the repository and what its `npm ci` makes, and nothing that was ever built. */
let clone: string

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'secagg-clone-'))
  const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of files.split('\0')) {
    if (/^(src|docs\/[^/]*\.md|[^/]+$)/.test(file)) cpSync(join(root, file), join(clone, file))
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'dir')
})
afterAll(() => rmSync(clone, { recursive: true, force: true }))

function npm(...options: string[]): string {
  return execFileSync('npm', options, { cwd: clone, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

test('npm pack on a fresh clone builds first, and the package has its modules and declarations', () => {
  const tarball = npm('pack', '--silent').trim().split('\n').at(-1)!
  const packed = execFileSync('tar', ['-tzf', join(clone, tarball)], { encoding: 'utf8' })
  for (const file of ['index.js', 'index.d.ts', 'cli.js', 'federated/index.js', 'workers/worker.js']) {
    expect(packed).toContain(`package/dist/${file}\n`)
  }
  expect(dirname(tarball)).toBe('.')
})

test('a build says nothing of each of its files', () => {
  expect(npm('run', 'build').trim().split('\n').length).toBeLessThan(10)
})
