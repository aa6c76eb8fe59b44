import { SecAggError } from 'secagg'
import { expect, test } from 'vitest'

const error = new SecAggError('wrong-share', 'peer', 'a share does not fit', {
  phase: 'unmasking',
  culprits: [3, 1],
  expected: 2,
  cause: new Error('key 0a1b2c'),
})

test('an error in a JSON log contains code, fault and details', () => {
  expect(JSON.parse(JSON.stringify({ error }))).toEqual({
    error: {
      name: 'SecAggError',
      code: 'wrong-share',
      fault: 'peer',
      message: 'a share does not fit',
      phase: 'unmasking',
      culprits: [1, 3],
      concerning: [],
      expected: 2,
    },
  })
})

test('errors of other code may contain secrets, and are not in the log', () => {
  expect(JSON.stringify(error)).not.toContain('0a1b2c')
  expect((error.cause as Error).message).toBe('key 0a1b2c')
})

test('a cause from the library itself is in the log', () => {
  const outer = new SecAggError('malformed-state', 'usage', 'this does not fit', { cause: error })
  expect(JSON.parse(JSON.stringify(outer))).toMatchObject({
    cause: { code: 'wrong-share', culprits: [1, 3] },
  })
})

test.each([undefined, null, 5, 'text', {}, [], { culprits: 5 }, { culprits: null }, { concerning: {} }])(
  'an error with the details %j is an error all the same',
  (details) => {
    const made = new SecAggError('internal', 'internal', 'message', details as never)
    expect(made).toMatchObject({ message: 'message', culprits: [], concerning: [] })
  },
)
