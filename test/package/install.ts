import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of a fresh project in which the packed package is installed, beside the programs that use it. */
    project: string
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Packs the package and installs it in a new project outside the repository, by npm and without a network: what it
 * depends on is packed from the repository's own `node_modules`, where it has the versions of the lock file. Returns its folder.
 */
export function installPackage(): string {
  // The real path, which is what bundlers name files by.
  const project = realpathSync(mkdtempSync(join(tmpdir(), 'secagg-package-')))
  const npm = (folder: string, ...options: string[]): string =>
    execFileSync('npm', options, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

  const tarball = npm(root, 'pack', '--silent', '--ignore-scripts', '--pack-destination', project).trim()
  const [, ...dependencies] = npm(root, 'ls', '--omit=dev', '--all', '--parseable').trim().split('\n')
  writeFileSync(join(project, 'package.json'), '{ "name": "fresh", "private": true, "type": "module" }')
  const quick = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts']
  // The optional peer that `secagg/post-quantum` needs.
  const peer = join(root, 'node_modules/@noble/post-quantum')
  npm(project, 'install', ...quick, '--install-links', `./${tarball}`, ...new Set(dependencies).add(peer))

  // Types of Node, for programs that want them.
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true })
  symlinkSync(join(root, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'))
  cpSync(join(root, 'test/package/programs'), join(project, 'programs'), { recursive: true })
  return project
}

export default function setup({ provide }: TestProject): () => void {
  const project = installPackage()
  provide('project', project)
  return () => rmSync(project, { recursive: true, force: true })
}
