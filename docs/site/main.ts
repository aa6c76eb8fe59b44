// Usage: tsx docs/site/main.ts, after `npm run build`.
// Builds documents, reference and playground into one static site, in `.site`, and fails where a link leads nowhere.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application, type DocumentReflection, PackageJsonReader, TSConfigReader } from 'typedoc'
import { build } from 'vite'
import { brokenLinks } from './links.js'
import { nameModules, nameOfDocument } from './names.js'
import { linkPlayground } from './playground.js'
import { addSources } from './sources.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const site = `${root}.site/`

/** Documents in the order of reading; whatever else lies in `docs` comes after them, by name. */
const order = [
  'guide.md',
  'glossary.md',
  'threat-model.md',
  'security-argument.md',
  'privacy-accounting.md',
  'specification.md',
  'performance.md',
  'testing.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
]
const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
const documents = readdirSync(`${root}docs`)
  .filter((name) => name.endsWith('.md'))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))

const playground = `${root}docs/playground/vite.config.ts`
const hasPlayground = existsSync(playground)

process.chdir(root)
rmSync(site, { recursive: true, force: true })

const application = await Application.bootstrapWithPlugins(
  {
    readme: 'README.md',
    projectDocuments: documents.map((name) => `docs/${name}`),
    navigation: { includeFolders: false },
    navigationLeaves: ['Source files'],
    headings: { readme: false, document: false },
    validation: { notDocumented: true },
    // Methods count as functions. Not the properties of interfaces: the name says enough for many of them.
    requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable'],
    searchInComments: true,
    searchInDocuments: true,
    hideGenerator: true,
    githubPages: false,
    customCss: 'docs/site/site.css',
    highlightLanguages: [
      'bash',
      'css',
      'html',
      'javascript',
      'json',
      'markdown',
      'python',
      'typescript',
      'yaml',
    ],
  },
  [new PackageJsonReader(), new TSConfigReader()],
)
application.converter.on('createDocument', (_context, reflection) => {
  const document = reflection as DocumentReflection
  document.name = nameOfDocument(document)
  // Or search has them far below every property with the word in its comment.
  document.relevanceBoost = 50
})
application.converter.on('resolveBegin', ({ project }) => {
  nameModules(project)
  addSources(project, root)
})
// Links to the first page name its file: folders have a page on a web server only.
application.renderer.on('endPage', (page) => {
  if (page.contents === undefined) return
  page.contents = page.contents.replace(/href="((?:\.\.?\/)+)(#[^"]*)?"/g, 'href="$1index.html$2"')
})
if (hasPlayground) linkPlayground(application)

const project = await application.convert()
if (project === undefined) throw new Error('The API reference cannot be made.')
application.validate(project)
await application.generateDocs(project, site)
if (application.logger.hasErrors() || application.logger.hasWarnings()) {
  throw new Error('There are warnings, see above.')
}

if (hasPlayground) {
  const options = { base: './', build: { outDir: `${site}playground`, emptyOutDir: true } }
  await build({ configFile: playground, logLevel: 'error', ...options })
}

const broken = brokenLinks(site)
if (broken.length > 0) throw new Error(`These links lead nowhere:\n${broken.join('\n')}`)
