import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import ts from 'typescript'
import { vi } from 'vitest'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** A piece of code that a document or a doc comment shows. */
export interface Snippet {
  readonly name: string
  readonly path: string
  readonly code: string
}

/** Snippets as programs in a folder of `test/docs/snippets`, which version control ignores. */
export class SnippetFolder {
  readonly #folder: string

  constructor(name: string) {
    this.#folder = `${root}test/docs/snippets/${name}/`
  }

  snippet(name: string, code: string): Snippet {
    return { name, path: `${this.#folder}${name}.ts`, code }
  }

  write(snippets: readonly Snippet[]): void {
    mkdirSync(this.#folder, { recursive: true })
    for (const { path, code } of snippets) writeFileSync(path, `${code}\nexport {}\n`)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What the compiler says of the snippets, under the settings of the repository. */
export function compilerProblems(snippets: readonly Snippet[]): readonly string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(
    snippets.map(({ path }) => path),
    { ...options, skipLibCheck: true },
  )
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

/** Runs a snippet: what it printed, and what its comments behind `console.log(…)` promise. */
export async function runSnippet({
  path,
  code,
}: Snippet): Promise<{ readonly printed: readonly string[]; readonly promised: readonly string[] }> {
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    printed.push(values.map((value) => inspect(value)).join(' '))
  })
  try {
    await import(/* @vite-ignore */ path)
  } finally {
    log.mockRestore()
  }
  const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output]) => output!)
  return { printed, promised }
}
