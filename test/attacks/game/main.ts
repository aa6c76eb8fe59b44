// Plays the symbolic game: `npm run game -- --games 100000 --seed 1`, then without each rule until a break is found.
import { parseArgs } from 'node:util'
import { exhaust, SMALL_SIZES } from './exhaust.js'
import { describe, play, type Tally } from './game.js'
import { PROTOCOL, RELAXATIONS, WEAKENINGS } from './rules.js'

const { values } = parseArgs({
  options: {
    games: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    show: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const games = Number(values.games)
print(`seed ${seed}`)

const all = timed('all rules', () => play({ seed, games, variant: PROTOCOL }))
print(`  E1 and E2 hold in ${all.claimed} games; of their plans, ${all.withSum} led to a sum`)
print(`  and ${all.smallest} to one as small as the claim allows`)
print(`  E1 holds without E2 in ${all.open} games, and a small sum was seen in ${all.opened} of them`)
if (all.found !== undefined) fail(describe(all.found))

for (const size of SMALL_SIZES) {
  const { n, corrupt, k, threshold } = size
  const { graphs, claimed, plans, found } = exhaust(size)
  const name = `n = ${n} with ${corrupt} corrupt, k = ${k}, t = ${threshold}`
  print(`all plans on all graphs of ${name}: ${graphs} graphs, ${claimed} with E1 and E2, ${plans} plans`)
  if (found !== undefined) fail(describe(found))
}

print('without rules that privacy does not rest on:')
for (const [name, variant] of Object.entries(RELAXATIONS)) {
  const { found } = timed(name, () => play({ seed, games: Math.ceil(games / 10), variant }))
  if (found !== undefined) fail(describe(found))
}
print('without rules that privacy rests on, until a break is found:')
for (const [name, variant] of Object.entries(WEAKENINGS)) {
  const { found } = timed(name, () => play({ seed, games, variant }))
  if (found === undefined) fail('no break was found')
  else print(values.show ? describe(found) : `  game ${found.game}: ${found.why}`)
}

function timed(name: string, run: () => Tally): Tally {
  const started = performance.now()
  const tally = run()
  const seconds = (performance.now() - started) / 1000
  print(
    `${name}: ${tally.games} games, ${tally.played} played, ${tally.plans} plans, ${seconds.toFixed(1)} s`,
  )
  return tally
}

function fail(text: string): void {
  print(`FOUND\n${text}`)
  process.exitCode = 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
