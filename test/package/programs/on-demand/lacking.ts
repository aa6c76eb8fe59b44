// A platform that lacks the curves, so that the library loads them.
import { runRound } from '../round.js'
import { forgetCurves } from './forget.js'
import { tell } from './tell.js'

forgetCurves()
tell(() => runRound())
