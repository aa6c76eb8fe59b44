import { randomOf } from '../../support/seeded.js'
import { Choices } from '../choices.js'
import { TROUBLES } from '../flaky-disk.js'
import { MASKED_ROUNDS } from '../sliced/masked-rounds.js'
import { SlicedRound } from '../sliced/sliced-round.js'
import { ensure, type FuzzTarget } from '../target.js'

/** What may happen, each time as the bytes say; `overlap`: the call is not waited for. */
type Operation = (round: SlicedRound, choices: Choices, overlap: boolean) => Promise<void>

const someSeat = (round: SlicedRound, choices: Choices): number => choices.below(round.seats.length)

const sendNext: Operation = (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  return round.call(overlap, () => round.sendNext(seat))
}

const sendAll: Operation = async (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  for (const _ of round.round.slices[seat]!) await round.call(overlap, () => round.sendNext(seat))
}

const sendAny: Operation = (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  const slice = choices.below(round.round.slices[seat]!.length)
  return round.call(overlap, async () => void (await round.send(seat, slice)))
}

const sendOther: Operation = (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  const slice = choices.below(round.round.slices[seat]!.length)
  // Seldom, as it makes the check of the sum a little weaker.
  if (choices.below(4) > 0) return Promise.resolve()
  return round.call(overlap, async () => void (await round.send(seat, slice, true)))
}

const reconnect: Operation = async (round, choices) => round.reconnect(someSeat(round, choices))

const answer: Operation = (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  return round.call(overlap, () => round.answer(seat))
}

const checkpoint: Operation = (round, _choices, overlap) => round.call(overlap, () => round.checkpoint())

const discard: Operation = (round, choices, overlap) => {
  const seat = someSeat(round, choices)
  return round.call(overlap, () => round.discard(seat))
}

const close: Operation = (round, _choices, overlap) =>
  round.call(overlap, async () => void (await round.close()))

const kill: Operation = (round) => round.kill()

const PERCENT = [0, 5, 20, 50, 100]
const [OFTEN, ALWAYS] = [3, 4]

const weather: Operation = async (round, choices) => {
  round.disk.weather(choices.byte(), choices.byte(), choices.pick(PERCENT))
}

const OPERATIONS: readonly Operation[] = [
  weather,
  sendNext,
  sendNext,
  sendAll,
  sendAll,
  sendAll,
  sendAny,
  sendAny,
  sendOther,
  reconnect,
  answer,
  answer,
  checkpoint,
  checkpoint,
  discard,
  discard,
  close,
  kill,
]
const WEATHER = OPERATIONS.indexOf(weather)
const SEND_ALL = OPERATIONS.indexOf(sendAll)
const CHECKPOINT = OPERATIONS.indexOf(checkpoint)
const DISCARD = OPERATIONS.indexOf(discard)
/** Operations from here on are not waited for. */
const OVERLAPPING = 192
const MOST_OPERATIONS = 120

const counts = { 'exact sums': 0, 'sums with vectors of two kinds': 0, failures: 0, 'killed processes': 0 }

/**
 * Rounds whose vectors go in slices, from the masked input to the sum, with a disk that fails at random moments,
 * checkpoints, discarded uploads, clients that begin again and processes that are killed, one after the other or at once: a
 * round, the seats that are absent in the end, then operations. In the end the disk works, and the round must end.
 */
export const slicedRounds: FuzzTarget = {
  name: 'sliced rounds',
  sync: false,
  weight: 6,
  maximumLength: 160,
  *seeds() {
    const random = randomOf(77)
    for (const index of MASKED_ROUNDS.keys()) {
      const works = [WEATHER, 0, 0, 0]
      for (const trouble of Object.values(TROUBLES)) {
        const fails = [WEATHER, trouble, trouble, ALWAYS]
        const held = [...fails, SEND_ALL, 1, SEND_ALL, 2]
        // A checkpoint finishes a vector, whose client begins again; its upload is discarded, and begins once more.
        yield Uint8Array.of(index, 0, ...held, ...works, CHECKPOINT, SEND_ALL, 1, DISCARD, 1, SEND_ALL, 1)
        // A checkpoint finishes one vector of two, and the other client is gone.
        for (const seed of [1, 2, 3]) {
          const often = [WEATHER, seed, trouble, OFTEN]
          yield Uint8Array.of(index, 4, ...held, ...often, CHECKPOINT, ...works, SEND_ALL, 0, SEND_ALL, 3)
        }
      }
      for (let times = 0; times < 60; times++) {
        yield Uint8Array.of(index, random.below(256), ...random.bytes(20 + random.below(130)))
      }
    }
  },
  run: async (data) => {
    const choices = new Choices(data)
    const round = await SlicedRound.open(choices.pick(MASKED_ROUNDS))
    const absent = choices.byte()
    for (let operations = 0; !choices.done && operations < MOST_OPERATIONS; operations++) {
      const operation = choices.byte()
      const overlap = operation >= OVERLAPPING
      await OPERATIONS[operation % OPERATIONS.length]!(round, choices, overlap)
      if (round.outcome !== undefined) break
    }
    await round.settle()
    await end(round, absent)
    counts[round.mixed.size === 0 ? 'exact sums' : 'sums with vectors of two kinds']++
    counts.failures += round.disk.failures
    counts['killed processes'] += round.kills
  },
  counts: () => counts,
}

/** Goes on to the sum on a disk that works: first without those who are absent, then with them. */
async function end(round: SlicedRound, absent: number): Promise<void> {
  round.disk.weather(0, 0, 0)
  let present: readonly number[] = round.seats.filter((seat) => ((absent >>> seat) & 1) === 0)
  for (let attempts = 0; round.outcome === undefined; attempts++) {
    ensure(attempts < 8, 'a round does not end')
    if (round.server.phase === 'masked-input') await upload(round, present)
    else for (const seat of round.seats) await round.answer(seat)
    if (!(await round.close())) present = round.seats
  }
}

/** All slices of these seats: where the server has no room, others that are not whole give way. */
async function upload(round: SlicedRound, seats: readonly number[]): Promise<void> {
  for (const seat of seats) {
    for (const slice of round.round.slices[seat]!.keys()) {
      let status = await round.send(seat, slice)
      if (status === 'busy') {
        for (const other of round.seats) if (other !== seat) await round.discard(other)
        status = await round.send(seat, slice)
      }
      // It may be the other kind that the store has lost.
      if (status !== 'accepted' && round.mixed.has(seat)) await round.send(seat, slice, true)
    }
  }
}
