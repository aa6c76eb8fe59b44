// The page of one client. Its address is `/#TOKEN`, with the token that the server has printed for this client.
import { checkPlan, encodeUpdate, openRound } from 'secagg/federated'
import { flatten, unflatten } from 'secagg/tensors'
import { runClient, socketConnection } from 'secagg/transport'
import { draw, squares } from './drawing.js'
import { accuracyOf, largestDifference, runOnnx } from './inference.js'
import { createNetwork, load, predict, startBackend, train } from './model.js'
import { drawPoints, type Points, testPoints } from './points.js'
import { claimSession } from './sessions.js'
import { type Invitation, modelBytes, REQUIREMENTS, type Report } from './task.js'

const [token = '', mode] = location.hash.slice(1).split('&')
const headers = { authorization: token }
const canvas = document.querySelector('canvas')!
let points: Points | undefined
// tfjs makes the first weights of a network with its backend, so the backend must be ready before.
const backend = await startBackend()
const network = createNetwork()

function say(text: string): void {
  const line = document.createElement('li')
  line.textContent = text
  document.querySelector('#log')!.append(line)
}

/** Waits for the first round after round `number`. `undefined` if there are no more rounds. */
async function nextInvitation(number: number): Promise<Invitation | undefined> {
  const response = await fetch(`/invitation?after=${number}`, { headers })
  if (!response.ok) throw new Error(`the server answers ${response.status}`)
  return response.status === 204 ? undefined : await response.json()
}

/** Only with `&compare` in the address: tells the server what it would never learn otherwise, for a comparison. */
async function tell(report: Report): Promise<void> {
  if (mode === 'compare') await fetch('/report', { method: 'POST', headers, body: JSON.stringify(report) })
}

async function takePart({ number, seat, model, ...invitation }: Invitation): Promise<void> {
  // Do not trust the server's numbers: derive them again and compare them with what this client requires.
  const plan = checkPlan(invitation.plan, REQUIREMENTS)
  const values = Float32Array.from(model)
  const sessionId = Uint8Array.from(invitation.sessionId.match(/../g) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  )
  const round = openRound(plan, { sessionId, context: { model: modelBytes(values) } })
  const manifest = plan.manifest!
  points ??= drawPoints(1, seat)
  const own = points
  draw(canvas, own)

  const prepare = async () => {
    const update = train(network, unflatten(values, manifest), own)
    say(`Round ${number}: trained on ${own.count} points with the ${backend} backend of tfjs.`)
    await tell({ number, update: [...flatten(update, manifest)], examples: own.count })
    return encodeUpdate(update, own.count, round).input
  }
  let prepared: ReturnType<typeof prepare> | undefined
  const url = `${location.origin.replace('http', 'ws')}/rounds/${number}`
  const { included } = await runClient(() => socketConnection(new WebSocket(url, token)), {
    config: round.config,
    seat,
    // Called when the other clients have sent their keys, so a client that drops out before does not train.
    input: () => {
      prepared ??= prepare()
      return prepared
    },
    claimSession: (id) => claimSession(token, id),
  })
  say(`Round ${number}: ${included ? 'included in the mean.' : 'not included in the mean.'}`)
}

/** Runs the averaged model with onnxruntime-web, and compares its predictions with those of tfjs. */
async function showModel(number: number): Promise<void> {
  const bytes = new Uint8Array(await (await fetch('/model.onnx', { headers })).arrayBuffer())
  const { model, plan } = await (await fetch('/model.json', { headers })).json()
  load(network, unflatten(Float32Array.from(model), checkPlan(plan, REQUIREMENTS).manifest!))
  const test = testPoints()
  const probabilities = await runOnnx(bytes, test.positions)
  const difference = largestDifference(probabilities, predict(network, test.positions))
  const accuracy = accuracyOf(probabilities, test)
  draw(canvas, points ?? test, await runOnnx(bytes, squares()))
  say(`The averaged model is right about ${(100 * accuracy).toFixed(1)} % of new points of all classes.`)
  say(`tfjs and onnxruntime-web differ by ${difference.toExponential(1)} at most.`)
  await tell({ number, difference, accuracy, backend })
}

async function main(): Promise<void> {
  let number = 0
  for (;;) {
    say('Waiting for the other clients.')
    const invitation = await nextInvitation(number)
    if (invitation === undefined) break
    number = invitation.number
    await takePart(invitation).catch((error: unknown) => say(`Round ${number}: ${String(error)}`))
  }
  await showModel(number)
}

main().catch((error: unknown) => say(String(error)))
