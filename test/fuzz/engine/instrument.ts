import ts from 'typescript'

/** The global under which instrumented code finds its counters, a Uint8Array with one for each branch. */
export const COUNTERS = 'fuzzCounters'

/**
 * Makes code count, in one of the counters from `first` on, each time that a function, a branch, a loop's body, a case or
 * the right side of a logical operator is reached. `counters` is how many it has.
 */
export function instrument(source: string, first: number): { code: string; counters: number } {
  let next = first
  const transformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
    const { factory } = context
    const count = (): ts.Expression =>
      factory.createPostfixIncrement(
        factory.createElementAccessExpression(
          factory.createPropertyAccessExpression(factory.createIdentifier('globalThis'), COUNTERS),
          next++,
        ),
      )
    const statement = (): ts.Statement => factory.createExpressionStatement(count())
    const counted = (expression: ts.Expression): ts.Expression =>
      factory.createParenthesizedExpression(factory.createComma(count(), expression))
    const inBlock = (body: ts.Statement): ts.Block =>
      ts.isBlock(body)
        ? factory.updateBlock(body, [statement(), ...body.statements])
        : factory.createBlock([statement(), body])

    const visit = (node: ts.Node): ts.Node => {
      const inner = ts.visitEachChild(node, visit, context)
      if (ts.isArrowFunction(inner)) {
        const body = ts.isBlock(inner.body) ? inBlock(inner.body) : counted(inner.body)
        const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken } = inner
        return factory.updateArrowFunction(
          inner,
          modifiers,
          typeParameters,
          parameters,
          type,
          equalsGreaterThanToken,
          body,
        )
      }
      if (ts.isBlock(inner) && ts.isFunctionLike(node.parent)) return inBlock(inner)
      if (ts.isIfStatement(inner)) {
        const otherwise =
          inner.elseStatement === undefined
            ? factory.createBlock([statement()])
            : inBlock(inner.elseStatement)
        return factory.updateIfStatement(inner, inner.expression, inBlock(inner.thenStatement), otherwise)
      }
      if (ts.isConditionalExpression(inner)) {
        const { condition, questionToken, whenTrue, colonToken, whenFalse } = inner
        return factory.updateConditionalExpression(
          inner,
          condition,
          questionToken,
          counted(whenTrue),
          colonToken,
          counted(whenFalse),
        )
      }
      if (ts.isBinaryExpression(inner) && isLogical(inner.operatorToken.kind)) {
        return factory.updateBinaryExpression(inner, inner.left, inner.operatorToken, counted(inner.right))
      }
      if (ts.isCaseClause(inner)) {
        return factory.updateCaseClause(inner, inner.expression, [statement(), ...inner.statements])
      }
      if (ts.isDefaultClause(inner)) {
        return factory.updateDefaultClause(inner, [statement(), ...inner.statements])
      }
      if (ts.isCatchClause(inner)) {
        return factory.updateCatchClause(inner, inner.variableDeclaration, inBlock(inner.block))
      }
      if (ts.isForStatement(inner)) {
        const { initializer, condition, incrementor } = inner
        return factory.updateForStatement(
          inner,
          initializer,
          condition,
          incrementor,
          inBlock(inner.statement),
        )
      }
      if (ts.isForOfStatement(inner)) {
        const { awaitModifier, initializer, expression } = inner
        return factory.updateForOfStatement(
          inner,
          awaitModifier,
          initializer,
          expression,
          inBlock(inner.statement),
        )
      }
      if (ts.isWhileStatement(inner)) {
        return factory.updateWhileStatement(inner, inner.expression, inBlock(inner.statement))
      }
      return inner
    }
    return (file) => ts.visitEachChild(file, visit, context)
  }
  const { outputText } = transpile(source, [transformer])
  return { code: outputText, counters: next - first }
}

/** TypeScript to JavaScript, file by file. */
export function transpile(
  source: string,
  before: ts.TransformerFactory<ts.SourceFile>[] = [],
): ts.TranspileOutput {
  return ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
    transformers: { before },
  })
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  )
}
