import { readdirSync } from 'node:fs'
import type { PhaseName } from 'secagg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seatsBelow } from '../attacks/support.js'
import { sumOf } from '../support/inputs.js'
import { type PartyProcess, type Report, Workshop } from './processes/party-process.js'
import { processRound, SHAPES } from './processes/rounds.js'
import { POINTS, type Point, type ServerTask, type ServerView } from './processes/tasks.js'

const workshop = new Workshop()
beforeAll(() => workshop.build())
afterAll(() => workshop.close())

/** In every round; but see `pointIn`. */
const SERVER_POINTS: readonly Point[] = ['collected', ...POINTS]

/** Where the server that is meant for `point` is killed in `round`. */
function pointIn(phase: PhaseName, point: Point, sliced: boolean): Point {
  if (phase === 'unmasking') {
    // There is nothing more to send. The sum is there, but the host has not got it.
    if (point === 'half a message sent') return 'removing masks'
    if (point === 'message sent' || point === 'all sent') return 'saved'
  }
  if (phase === 'masked-input' && sliced) {
    if (point === 'file written') return 'half a slice stored'
    if (point === 'message sent') return 'half a vector folded'
  }
  return point
}

/** A round whose server is in a process that is killed, and whose clients are here. */
async function killedRound(seed: number, name: string, shape: (typeof SHAPES)[number]['shape']) {
  const round = await processRound(seed, { ...shape, clients: shape.clients - 4 })
  const { config } = round
  const folder = `${workshop.folder}/servers ${name} ${seed}`
  const clients = seatsBelow(config.clients).map(round.client)
  /** What each has been told last. */
  const inbox = new Map<number, Uint8Array>()
  const killedIn = new Set<PhaseName>()
  let view: ServerView | undefined

  const answersOf = async (seat: number): Promise<[seat: number, bytes: Uint8Array][]> => {
    const [client, inbound] = [clients[seat]!, inbox.get(seat)]
    const answers = [await (inbound === undefined ? client.start() : client.receive(inbound))]
    for await (const slice of client.slices()) answers.push(slice)
    return answers.map((answer) => [seat, answer])
  }
  const heed = ({ end, messages }: Report): void => {
    for (const [seat, bytes] of messages) inbox.set(seat, bytes)
    if ('finished' in end) view = end.finished
    else expect(end).toHaveProperty('at')
  }
  const ask = (
    hosts: PartyProcess,
    task: Pick<ServerTask, 'messages' | 'close' | 'stop' | 'checkpointAfter'>,
  ) => hosts.do({ party: 'server', ...round.setup, folder, ...task })

  return {
    /** Goes on until the server has stopped where it is to be killed, or the round is over. */
    async advance(hosts: PartyProcess, point: Point): Promise<Point | undefined> {
      for (;;) {
        heed(await ask(hosts, { messages: [], close: false }))
        const { phase: open, waitingFor } = view!
        if (open === undefined) return undefined
        const messages = []
        for (const seat of waitingFor) messages.push(...(await answersOf(seat)))
        const stop = killedIn.has(open) ? undefined : pointIn(open, point, config.sliceLength !== undefined)
        killedIn.add(open)
        const report = await ask(hosts, { messages, checkpointAfter: 3, close: true, stop })
        heed(report)
        if (stop !== undefined) expect(report.end).toMatchObject({ at: stop })
        if (stop !== undefined) return stop
        if (view?.sum !== undefined) return undefined
      }
    },
    /** What the server's host has in the end is exact, and nothing of a vector is left lying about. */
    finish(): void {
      const everybody = seatsBelow(config.clients)
      expect(view!.survivors).toEqual(everybody)
      expect(view!.sum).toEqual(sumOf(config, everybody, round.inputs))
      expect(readdirSync(`${folder}/slices`)).toEqual([])
      expect([...killedIn]).toHaveLength(config.adversary === 'active' ? 5 : 4)
    },
  }
}

describe.each(SHAPES)(
  '$name: servers are killed in every round, each at a point of its own',
  ({ name, shape }) => {
    test('and come back from what they have stored', async () => {
      const rounds = await Promise.all(SERVER_POINTS.map((_, index) => killedRound(index, name, shape)))
      for (;;) {
        const hosts = workshop.start()
        const stops = await Promise.all(
          rounds.map((round, index) => round.advance(hosts, SERVER_POINTS[index]!)),
        )
        await hosts.kill()
        if (stops.every((stop) => stop === undefined)) break
      }
      for (const round of rounds) round.finish()
    })
  },
)
