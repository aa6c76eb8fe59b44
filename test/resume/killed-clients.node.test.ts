import type { PhaseOutcome } from 'secagg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seatsBelow } from '../attacks/support.js'
import { sumOf } from '../support/inputs.js'
import { type Report, Workshop } from './processes/party-process.js'
import { processRound, SHAPES } from './processes/rounds.js'
import { type ClientTask, POINTS, type Point } from './processes/tasks.js'

const workshop = new Workshop()
beforeAll(() => workshop.build())
afterAll(() => workshop.close())

/** Each is that of the client at this seat, in every round. */
/** From here on the session was stored. */
const STORED = POINTS.indexOf('file renamed')
/** From here on the message, or its first slice, has arrived. */
const SENT = POINTS.indexOf('message sent')

describe.each(SHAPES)(
  '$name: clients are killed in every round, each at a point of its own',
  ({ name, shape }) => {
    test('and come back from what they have stored', async () => {
      const round = await processRound(71, shape)
      const { config, inputs } = round
      const server = round.server()
      const victims = POINTS.map((_, seat) => seat)
      const others = seatsBelow(config.clients).slice(victims.length)
      const sessions = new Map(others.map((seat) => [seat, round.client(seat)]))
      const folder = `${workshop.folder}/clients ${name}`
      const task = (seat: number, act: ClientTask['act'], stop?: Point) =>
        round.clientTask(folder, seat, act, { stop })
      const openFor = (seat: number): Uint8Array | 'start' => server.messageFor(seat) ?? 'start'
      const give = async ({ messages }: Report): Promise<string[]> => {
        const receipts = []
        for (const [seat, bytes] of messages) receipts.push((await server.receive(seat, bytes)).status)
        return receipts
      }

      let hosts = workshop.start()
      let outcome: PhaseOutcome | undefined
      while (outcome?.done !== true) {
        const first = server.phase === 'advertise-keys'
        const killed = await Promise.all(
          victims.map((seat) => hosts.do(task(seat, openFor(seat), POINTS[seat]))),
        )
        expect(killed.map(({ end }) => end)).toMatchObject(POINTS.map((at) => ({ at })))
        await hosts.kill()
        for (const [seat, report] of killed.entries()) {
          expect(report.messages.length > 0).toBe(seat >= SENT)
          expect((await give(report)).every((status) => status === 'accepted')).toBe(true)
        }

        hosts = workshop.start()
        for (const seat of victims) {
          // What may not have left is sent once more, whatever it was; of the round before where nothing was stored in this.
          const again = await hosts.do(task(seat, first && seat < STORED ? 'start' : 'resend'))
          expect(again.end).toMatchObject({ finished: undefined })
          const receipts = await give(again)
          const isNew = (first || seat >= STORED) && seat < SENT
          expect(receipts[0]).toBe(isNew ? 'accepted' : 'duplicate')
          // The same bytes as before.
          const torn = killed[seat]!.torn ?? new Uint8Array(0)
          expect(again.messages[0]![1].subarray(0, torn.length)).toEqual(torn)
        }
        for (const seat of victims.filter((victim) => server.waitingFor.includes(victim))) {
          expect(seat).toBeLessThan(STORED)
          expect(await give(await hosts.do(task(seat, openFor(seat))))).toContain('accepted')
        }
        for (const [seat, session] of sessions) {
          const open = openFor(seat)
          await server.receive(seat, await (open === 'start' ? session.start() : session.receive(open)))
          for await (const slice of session.slices()) await server.receive(seat, slice)
        }
        expect(server.waitingFor).toEqual([])
        outcome = await server.closePhase()
      }
      await hosts.kill()
      expect(outcome.sum).toEqual(sumOf(config, seatsBelow(config.clients), inputs))
    })
  },
)

describe.each(SHAPES)(
  '$name: the vector of a client that was killed is another one in the next process',
  ({ name, shape }) => {
    test('it is refused, whether the masked one has arrived or not, and the round goes on', async () => {
      const round = await processRound(72, shape)
      const { config, inputs } = round
      const server = round.server()
      const sessions = seatsBelow(config.clients).map(round.client)
      const [lost, arrived] = [0, 1]
      const folder = `${workshop.folder}/changed ${name}`

      let hosts = workshop.start()
      let outcome: PhaseOutcome | undefined
      while (outcome?.done !== true) {
        const masking = server.phase === 'masked-input'
        for (const seat of server.waitingFor) {
          const act = server.messageFor(seat) ?? 'start'
          if (seat !== lost && seat !== arrived) {
            const session = sessions[seat]!
            await server.receive(seat, await (act === 'start' ? session.start() : session.receive(act)))
            for await (const slice of session.slices()) await server.receive(seat, slice)
            continue
          }
          const stop = masking ? (seat === lost ? 'half a message sent' : 'all sent') : undefined
          const report = await hosts.do(round.clientTask(folder, seat, act, { stop }))
          for (const [, bytes] of report.messages) await server.receive(seat, bytes)
        }
        if (masking) {
          await hosts.kill()
          hosts = workshop.start()
          for (const seat of [lost, arrived]) {
            const changed = inputs[seat]!.map((lanes) =>
              Uint16Array.from(lanes as Uint16Array, (value, at) => value ^ Number(at === 199)),
            )
            for (const act of ['resend', server.messageFor(seat)!] as const) {
              const { end, messages, torn } = await hosts.do(
                round.clientTask(folder, seat, act, { input: changed }),
              )
              expect(end).toMatchObject({ failed: 'input-changed' })
              expect([messages, torn]).toEqual([[], undefined])
            }
          }
          expect(server.waitingFor).toEqual([lost])
        }
        outcome = await server.closePhase()
      }
      await hosts.kill()
      const survivors = seatsBelow(config.clients).slice(1)
      expect(outcome.report.survivors).toEqual(survivors)
      // What has arrived counts, and its sender takes part to the end.
      expect(outcome.report.phases.at(-1)!.accepted).toContain(arrived)
      expect(outcome.sum).toEqual(sumOf(config, survivors, inputs))
    })
  },
)
