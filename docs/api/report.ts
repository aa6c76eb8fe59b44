// Usage: tsx docs/api/report.ts [--check], after `npm run build`.
// Writes the public surface of each entry of the package to a file in this folder. With --check, compares the surface with
// these files instead, and fails if they differ.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IConfigFile,
} from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = fileURLToPath(new URL('./', import.meta.url))

/** An entry as programs import it, and its declarations. */
interface Entry {
  readonly specifier: string
  readonly declarations: string
}

/** What API Extractor finds out about an entry. */
interface Surface {
  readonly specifier: string
  /** One for each name, in alphabetical order. */
  readonly blocks: readonly string[]
  /** Names that signatures mention and the entry does not export. */
  readonly mentioned: ReadonlySet<string>
  /** Names without `@public`, `@beta`, `@alpha` or `@internal`. */
  readonly untagged: ReadonlySet<string>
}

function readEntries(): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>
  }
  return Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' // package.json, which declares nothing
      ? []
      : [{ specifier: path.replace(/^\./, 'secagg'), declarations: join(root, target.types) }],
  )
}

function configure({ declarations }: Entry, reportFolder: string): ExtractorConfig {
  const silent = { default: { logLevel: ExtractorLogLevel.None } }
  const configObject: IConfigFile = {
    projectFolder: root,
    mainEntryPointFilePath: declarations,
    compiler: { tsconfigFilePath: join(root, 'src/tsconfig.json') },
    newlineKind: 'lf',
    apiReport: {
      enabled: true,
      reportFileName: 'report.api.md',
      reportFolder,
      reportTempFolder: reportFolder,
      includeForgottenExports: true,
      tagsToReport: { '@experimental': true },
    },
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      // Handled below, or by the checks of the reference documentation.
      extractorMessageReporting: silent,
      tsdocMessageReporting: silent,
    },
  }
  const packageJsonFullPath = join(root, 'package.json')
  return ExtractorConfig.prepare({ configObject, configObjectFullPath: undefined, packageJsonFullPath })
}

/** The surfaces of all entries. One program serves them all, because type-checking takes most of the time. */
function extract(entries: readonly Entry[]): Surface[] {
  const temporary = mkdtempSync(join(tmpdir(), 'secagg-api-'))
  try {
    const configs = entries.map((entry) => configure(entry, temporary))
    const additionalEntryPoints = entries.map(({ declarations }) => declarations)
    const compilerState = CompilerState.create(configs[0]!, { additionalEntryPoints })
    return entries.map(({ specifier }, index) => {
      const mentioned = new Set<string>()
      const untagged = new Set<string>()
      const { errorCount } = Extractor.invoke(configs[index]!, {
        compilerState,
        localBuild: true,
        messageCallback: (message) => {
          const [, name = ''] = /"(\w+)"/.exec(message.text) ?? []
          if (message.messageId === 'ae-forgotten-export') mentioned.add(name)
          if (message.messageId === 'ae-missing-release-tag') untagged.add(name)
          message.handled = message.logLevel !== ExtractorLogLevel.Error
        },
      })
      if (errorCount > 0) throw new Error(`The declarations of ${specifier} have errors.`)
      const report = readFileSync(join(temporary, 'report.api.md'), 'utf8')
      const [, code = ''] = /```ts\n(.*)```/s.exec(report) ?? []
      return { specifier, blocks: code.split('\n\n').map(tidy).filter(nameOf), mentioned, untagged }
    })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** A declaration with one release tag, and without its documentation. */
function tidy(block: string): string {
  return (
    block
      .replace(/^ *\/\*\*.*?\*\/\n/gms, '')
      // The lines of a union depend on where it had comments.
      .replace(/\s*\n *\| /g, ' | ')
      .replace(/ =\n */g, ' = ')
      .replace(/^ *\/\/ \(undocumented\)\n/gm, '')
      .replace(/^(\/\/ @.*) \(undocumented\)$/gm, '$1')
      .replace(/^\/\/ @public @experimental\b/gm, '// @experimental')
      .trim()
  )
}

function nameOf(block: string): string | undefined {
  return /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum|namespace) (\w+)/m.exec(
    block,
  )?.[1]
}

const surfaces = extract(readEntries())
const problems: string[] = []

const reports = new Map<string, string>()
for (const { specifier, blocks, mentioned, untagged } of surfaces) {
  const elsewhere = surfaces.flatMap((other) =>
    other.blocks.map(nameOf).filter((name) => !other.mentioned.has(name!)),
  )
  const shown: string[] = []
  for (const block of blocks) {
    const name = nameOf(block)!
    if (!mentioned.has(name)) {
      shown.push(block)
      if (untagged.has(name) && !block.startsWith('// @experimental')) {
        problems.push(`${specifier}: ${name} is neither @public nor @experimental (ae-missing-release-tag)`)
      }
    } else if (!elsewhere.includes(name)) {
      // No entry exports it, so it is part of the surface where it is mentioned.
      shown.push(block.replace(/^\/\/ @public/, '// not exported'))
    }
  }
  const code = shown.length === 0 ? 'No exports.' : `\`\`\`ts\n${shown.join('\n\n')}\n\`\`\``
  reports.set(
    `${specifier.replace(/^secagg\//, '').replaceAll('/', '-')}.api.md`,
    `# The surface of \`${specifier}\`\n\nGenerated by \`npm run api\`. Do not edit.\n\n${code}\n`,
  )
}

const present = readdirSync(folder).filter((name) => name.endsWith('.api.md'))
const read = (file: string): string | undefined =>
  present.includes(file) ? readFileSync(join(folder, file), 'utf8') : undefined
const stale = [...new Set([...present, ...reports.keys()])].filter((file) => read(file) !== reports.get(file))

if (!process.argv.includes('--check')) {
  for (const file of stale) {
    const report = reports.get(file)
    if (report === undefined) rmSync(join(folder, file))
    else writeFileSync(join(folder, file), report)
  }
} else if (stale.length > 0) {
  for (const file of stale)
    problems.push(`docs/api/${file} is out of date; run \`npm run api\` and review the difference`)
}
if (problems.length > 0) throw new Error(problems.join('\n'))
