// A program with nothing but a client, for what bundlers leave out.
import { ClientSession, createRoundConfig } from 'secagg'

export const parts: readonly unknown[] = [ClientSession, createRoundConfig]
