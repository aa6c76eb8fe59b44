import { Buffer } from 'node:buffer'
import { expect, it } from 'vitest'
import { randomOf } from '../support/seeded.js'
import { CASES } from './cases.js'

const TITLED = CASES.map((wire) => [wire.title, wire] as const)

it.each(TITLED)(
  '%s is read from a pooled Buffer, and the result does not share its memory',
  (_title, { sample, write, read }) => {
    const value = sample(randomOf(620))
    const buffer = Buffer.from(write(value))
    const result = read(buffer)
    buffer.fill(0)
    expect(result).toEqual(value)
  },
)
