// A platform that lacks the curves, with a program that brings them.
import { defaultCrypto, nobleCrypto } from 'secagg/crypto'
import { runRound } from '../round.js'
import { forgetCurves } from './forget.js'
import { tell } from './tell.js'

forgetCurves()
tell(async () => runRound(undefined, await defaultCrypto('aes', { fallback: nobleCrypto() })))
