import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './programs.js'

/** Something that an entry of the package exports, by itself or in a namespace. */
export interface PublicName {
  readonly name: string
  /** The file that declares it, for messages. */
  readonly file: string
  readonly summary: string
  readonly tags: readonly { readonly name: string; readonly text: string }[]
  /** Of a function: the names of its parameters, and whether it returns anything. */
  readonly signature: { readonly parameters: readonly string[]; readonly returns: boolean } | undefined
}

/** Everything that the entries of the package export, each thing once. */
export function publicNames(): readonly PublicName[] {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const entries = Object.values<string | { readonly types: string }>(manifest.exports).flatMap((target) =>
    typeof target === 'string'
      ? []
      : [root + target.types.replace('./dist/', 'src/').replace(/(?<!\.wasm)\.d\.ts$/, '.ts')],
  )
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(entries, options)
  const checker = program.getTypeChecker()
  const symbols = new Set<ts.Symbol>()
  const visit = (module: ts.Symbol): void => {
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      if (target.flags & ts.SymbolFlags.ValueModule) visit(target)
      else symbols.add(target)
    }
  }
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)
    if (module !== undefined) visit(module)
  }
  return [...symbols].map((symbol) => describe(symbol, checker))
}

function describe(symbol: ts.Symbol, checker: ts.TypeChecker): PublicName {
  const isValue = (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable)) !== 0
  const [signature] = isValue ? checker.getTypeOfSymbol(symbol).getCallSignatures() : []
  return {
    name: symbol.name,
    file: symbol.declarations![0]!.getSourceFile().fileName.slice(root.length),
    summary: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
    tags: symbol
      .getJsDocTags(checker)
      .map(({ name, text }) => ({ name, text: ts.displayPartsToString(text).trim() })),
    signature: signature && {
      parameters: signature.parameters.map(({ name }) => name),
      returns: !/^(?:void|Promise<void>)$/.test(checker.typeToString(signature.getReturnType())),
    },
  }
}
