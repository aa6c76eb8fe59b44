/** An example of a function. It may continue the examples of other functions. */
export interface Piece {
  /** The function, such as `createRoundConfig` or `client.maskInput`. */
  readonly name: string
  readonly code: string
}

/** The first line of an example that continues others. */
const CONTINUES = /^\/\/ Continues the examples? of (.*)\.$/

const IMPORT = /^import (type )?\{([^}]*)\} from '([^']*)'$/gm

/**
 * The whole program of an example: the examples that it continues, and the ones that these continue, each once and in
 * order; then its own code. Their imports are merged, and come first.
 */
export function joinedCode(piece: Piece, all: readonly Piece[]): string {
  const pieces = new Set<Piece>()
  collect(piece, all, pieces)
  if (pieces.size === 1) return piece.code
  const imports = new Map<string, Set<string>>()
  const bodies = [...pieces].map(({ code }) =>
    code.replace(IMPORT, (_, type: string | undefined, list: string, module: string) => {
      const names = imports.get(module) ?? new Set()
      imports.set(module, names)
      for (const name of list.split(',').map((part) => part.trim())) {
        if (name !== '') names.add(type === undefined ? name : `type ${name}`)
      }
      return ''
    }),
  )
  const head = [...imports].map(([module, names]) => `import { ${[...names].join(', ')} } from '${module}'`)
  return [...head, ...bodies].join('\n')
}

function collect(piece: Piece, all: readonly Piece[], into: Set<Piece>): void {
  for (const name of continued(piece)) {
    const before = all.find((other) => other.name === name)
    if (before === undefined)
      throw new Error(`the example of ${piece.name} continues ${name}, which has none`)
    if (!into.has(before)) collect(before, all, into)
  }
  into.add(piece)
}

/** The functions named in the first line. */
function continued({ code }: Piece): string[] {
  const [, names] = CONTINUES.exec(code.split('\n', 1)[0]!) ?? []
  return names === undefined ? [] : names.split(/, | and /)
}
