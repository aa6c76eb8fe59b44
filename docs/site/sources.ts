import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import {
  type CommentDisplayPart,
  DocumentReflection,
  type NormalizedPath,
  type ProjectReflection,
} from 'typedoc'

/** What a browser shows by itself, which goes into the site as it is. */
const MEDIA = ['.gif', '.jpg', '.pdf', '.png', '.svg', '.webp']

const LANGUAGES: Readonly<Record<string, string>> = {
  '.css': 'css',
  '.html': 'html',
  '.js': 'javascript',
  '.json': 'json',
  '.md': 'markdown',
  '.py': 'python',
  '.ts': 'typescript',
  '.yml': 'yaml',
}

/**
 * Gives each file and folder that a document links to a page with its text, as a browser would offer the file itself for
 * download. The page of a folder lists what is in it, and so brings in more of them.
 */
export function addSources(project: ProjectReflection, root: string): void {
  const { files } = project
  const sources = new DocumentReflection('Source files', project, [], {})
  sources.relevanceBoost = 0
  project.registerReflection(sources, undefined, undefined)
  const added = new Set<NormalizedPath>()
  for (;;) {
    const path = [...files.getMediaPaths()].find((path) => !added.has(path) && !MEDIA.includes(extname(path)))
    if (path === undefined) break
    added.add(path)
    const name = relative(root, path)
    if (name.startsWith('..')) throw new Error(`${path} is not in the repository.`)
    const content = statSync(path).isDirectory() ? listFolder(project, path) : showFile(path)
    const page = new DocumentReflection(name, sources, [heading(name), ...content], {})
    // Found by the documents that link to it, not by search.
    page.relevanceBoost = 0
    sources.addChild(page)
    project.registerReflection(page, undefined, undefined)
    files.registerReflection(path, page)
  }
  if (added.size === 0) return
  sources.content.push(
    { kind: 'text', text: '# Source files\n\nThe files and folders that these pages link to.\n\n' },
    ...[...added].sort().flatMap((path) => link(project, path, relative(root, path))),
  )
  project.addChild(sources)
}

function heading(name: string): CommentDisplayPart {
  return { kind: 'text', text: `# ${name}\n\n` }
}

function listFolder(project: ProjectReflection, folder: NormalizedPath): CommentDisplayPart[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && name !== 'node_modules')
    .sort()
    .flatMap((name) => link(project, join(folder, name) as NormalizedPath, name))
}

function showFile(path: NormalizedPath): CommentDisplayPart[] {
  const text = readFileSync(path, 'utf8')
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  const language = LANGUAGES[extname(path)] ?? 'text'
  return [{ kind: 'code', text: `${fence}${language}\n${text.trimEnd()}\n${fence}` }]
}

/** An item of a list that links to a file, in the parts that TypeDoc makes of one. */
function link({ files }: ProjectReflection, path: NormalizedPath, name: string): CommentDisplayPart[] {
  const { target } = files.registerAbsolute(path)
  return [
    { kind: 'text', text: `- [${name}](` },
    { kind: 'relative-link', text: name, target, targetAnchor: undefined },
    { kind: 'text', text: ')\n' },
  ]
}
