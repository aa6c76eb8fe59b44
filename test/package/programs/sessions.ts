// A program with both sessions and nothing else, for what bundlers leave out.
import { ClientSession, createRoundConfig, ServerSession } from 'secagg'

export const parts: readonly unknown[] = [ClientSession, createRoundConfig, ServerSession]
