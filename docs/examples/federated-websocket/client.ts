// One client. Its arguments: the server's address, its token, and a folder for the session ids that it has used.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPlan, encodeUpdate, openRound } from 'secagg/federated'
import { runClient, socketConnection } from 'secagg/transport'
import { WebSocket } from 'ws'
import { train } from './train.js'

const [url = '', token = '', folder = ''] = process.argv.slice(2)
const headers = { authorization: token }
const invitation = await (await fetch(url, { headers })).json()

// Do not trust the server's numbers: derive them again and compare them with what this client requires.
const plan = checkPlan(invitation.plan, { minimumCohort: 3, corruptFraction: 0.1 })
const model = Buffer.from(invitation.model, 'base64')
const sessionId = Buffer.from(invitation.sessionId, 'hex')
const round = openRound(plan, { sessionId, context: { model } })

const { update, examples } = train(model) // 'weights' and 'bias', as in the plan
const { input } = encodeUpdate(update, examples, round)

/** Refuses a session id that was used before: two rounds under one id would expose the difference of two inputs. */
const claimSession = async (id: Uint8Array): Promise<boolean> => {
  await mkdir(folder, { recursive: true })
  const file = join(folder, Buffer.from(id).toString('hex'))
  return await writeFile(file, '', { flag: 'wx', flush: true }).then(
    () => true,
    () => false,
  )
}

const connect = () => socketConnection(new WebSocket(url, { headers }))
const { included } = await runClient(connect, {
  config: round.config,
  seat: invitation.seat,
  input,
  claimSession,
})
console.log(included ? 'included' : 'not included')
