import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ACTIVE, expectRefusal } from '../attacks/support.js'
import { makeCohort } from '../support/cohort.js'

const root = fileURLToPath(new URL('../../src/', import.meta.url))

describe('errors say what happened, followed by the name of the set in the paper', () => {
  test('for a round without clients', async () => {
    const { server } = await makeCohort({ ...ACTIVE })
    const error = await expectRefusal(server.closePhase(), {
      code: 'too-few-clients',
      fault: 'peer',
      phase: 'advertise-keys',
    })
    expect(error.message).toBe('only 0 clients have sent keys, but 4 are needed (U1)')
  })

  test('for a round with a single client', async () => {
    const { server, sessions } = await makeCohort({ ...ACTIVE })
    await server.receive(2, await sessions[2]!.start())
    const error = await expectRefusal(server.closePhase(), {
      code: 'too-few-clients',
      fault: 'peer',
      phase: 'advertise-keys',
    })
    expect(error.message).toBe('only 1 client has sent keys, but 4 are needed (U1)')
  })

  test('no text uses the name of a set in place of its meaning', () => {
    const texts = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => {
        const code = readFileSync(`${root}${path}`, 'utf8').replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '')
        return [...code.matchAll(/'([^'\n]*)'|`([^`]*)`/g)].map(([, plain, template]) => plain ?? template!)
      })
      .filter((text) => / /.test(text))
    expect(texts.length).toBeGreaterThan(300)
    const bare = texts.filter((text) => /\bU[1-5]\b|[a-z]\^(PK|SK)\b/.test(text.replace(/\(U[1-5]\)/g, '')))
    expect(bare).toEqual([])
  })
})
