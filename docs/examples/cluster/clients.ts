/** Some clients of all rounds in one process. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { runClient, socketConnection } from 'secagg/transport'
import { WebSocket } from 'ws'
import { configOf, inputOf, type Task, vanishes } from './task.js'

const [taskText = '', run = '', port = '', from = '', to = ''] = process.argv.slice(2)
const task = JSON.parse(taskText) as Task
const coordinator = process.env.COORDINATOR ?? '127.0.0.1'
const ingestHosts = (process.env.INGEST_HOSTS ?? '127.0.0.1').split(',')

async function takePart(seat: number, round: number): Promise<void> {
  const leave = new AbortController()
  const connect = () => socketConnection(new WebSocket(`ws://${coordinator}:${port}/${round}/${seat}`))
  const input = inputOf(task, round, seat)
  await runClient(connect, {
    config: configOf(task, run, round),
    seat,
    signal: leave.signal,
    // Called when the vector is to be masked.
    input: ({ from, to }) => {
      if (vanishes(round, seat)) leave.abort()
      return input.subarray(from, to)
    },
    // The coordinator says which ingest process the vector goes to.
    openUpload: (address) => {
      if (!ingestHosts.includes(new URL(address).hostname))
        throw new Error(`not an ingest process: ${address}`)
      return socketConnection(new WebSocket(address))
    },
    // The round is not open yet, or the coordinator is being started.
    retryAfter: () => 200,
  }).catch(() => undefined)
}

const seats = Array.from({ length: Number(to) - Number(from) }, (_, index) => Number(from) + index)
for (let round = 0; round < task.rounds; round++) {
  await Promise.all(seats.map((seat) => takePart(seat, round)))
  await sleep(50)
}
