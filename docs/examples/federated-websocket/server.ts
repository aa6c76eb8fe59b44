// The server of one round of federated averaging. Its arguments: a port, and one secret token per client.
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { decodeOutcome, openRound, planRound } from 'secagg/federated'
import { messageLimits, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'

const [port, ...tokens] = process.argv.slice(2)

// The model that the clients train: here one layer.
const model = { weights: Float32Array.of(0.5, -0.25, 0.125, 0), bias: Float32Array.of(0.1) }
const modelBytes = Buffer.from(JSON.stringify({ weights: [...model.weights], bias: [...model.bias] }))

// What is averaged and which failures are tolerated. The threshold, bit widths and limits follow from this.
const plan = planRound({
  tensors: { weights: [4], bias: [1] },
  clients: tokens.length,
  adversary: 'honest-but-curious',
  dropoutFraction: 0.2,
  corruptFraction: 0.1,
  clip: 1,
  maximumWeight: 1000,
})
const sessionId = randomBytes(32) // a new one for every round
const round = openRound(plan, { sessionId, context: { model: modelBytes } })
const serving = serveRound({ config: round.config, deadline: 60_000, reconnectTime: 10_000 })

const seatOf = (request: IncomingMessage): number => tokens.indexOf(request.headers.authorization ?? '')

const http = createServer((request, response) => {
  const seat = seatOf(request)
  if (seat < 0) return response.writeHead(401).end()
  const invitation = {
    seat,
    plan,
    sessionId: sessionId.toString('hex'),
    model: modelBytes.toString('base64'),
  }
  response.end(JSON.stringify(invitation))
})
const sockets = new WebSocketServer({ server: http, maxPayload: messageLimits(round.config).fromClient })
sockets.on('connection', (socket, request) => {
  const seat = seatOf(request)
  if (seat < 0) socket.close(1008, 'unknown token')
  else serving.connect(seat, socketConnection(socket))
})
http.listen(Number(port), '127.0.0.1', () => console.log('listening', http.address()))

const { tensors, totalWeight, survivors } = decodeOutcome(await serving.outcome, round)
console.log('clients', survivors.length, 'examples', totalWeight)
for (const [name, { data }] of Object.entries(tensors))
  console.log(
    name,
    [...data].map((x) => x.toFixed(3)),
  )

await serving.closed // every client has been told
sockets.close()
http.close()
