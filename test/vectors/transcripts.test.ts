import { nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { modelParty } from '../model/party.js'
import { ROUNDS, TRANSCRIPTS } from './kept.js'
import { libraryParty } from './library-party.js'
import { inputOf, play } from './play.js'
import { roundOf } from './transcripts.js'

describe.each(TRANSCRIPTS)('$name', (transcript) => {
  const { party, operations } = transcript
  const round = roundOf(transcript, ROUNDS)

  test('goes so with the library', async () => {
    const played = await play(libraryParty(round, party, nobleCrypto()), operations.map(inputOf))
    expect(played).toEqual(operations)
  })

  test('and with the model', async () => {
    const played = await play(modelParty(round, party), operations.map(inputOf))
    expect(played).toEqual(operations)
  })
})

test('every error code that bytes can cause is in some transcript', () => {
  const codes = TRANSCRIPTS.flatMap(({ operations }) =>
    operations.flatMap((each) => ('fails' in each ? [each.fails.code] : [])),
  )
  expect([...new Set(codes)].sort()).toEqual([
    'configuration-mismatch',
    'conflicting-message',
    'duplicate-identity',
    'duplicate-key',
    'invalid-public-key',
    'invalid-share',
    'invalid-signature',
    'invalid-survivors',
    'late-message',
    'malformed-message',
    'own-entry-mismatch',
    'too-few-clients',
    'too-few-shares',
    'unexpected-message',
    'unknown-seat',
    'unsupported-version',
    'wrong-mask-secret',
    'wrong-share',
  ])
})
