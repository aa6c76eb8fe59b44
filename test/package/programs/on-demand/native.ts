// A platform that has what a round needs.
import { runRound } from '../round.js'
import { tell } from './tell.js'

tell(() => runRound())
