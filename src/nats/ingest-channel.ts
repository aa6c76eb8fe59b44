import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, type Bytes, bytesToHex, concatBytes, plainBytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import { SecAggError } from '../errors.js'
import type { IngestChannel, IngestPlace } from '../ingest/assignments.js'
import { type Broker, sleep } from './broker.js'
import type { NatsMessage } from './nats-packages.js'
import type { IngestService } from './reports.js'
import type { Seal } from './sealing.js'

/** How long the coordinator waits for a reply, in milliseconds. */
const REPLY_TIMEOUT = 2000

/** How long the coordinator listens for processes that answer, in milliseconds. */
const DISCOVERY = 200

/** Each request has its own number, to which its reply is bound. */
const NONCE = 16

/** The key for tickets, derived from the key of the cluster. */
export function ticketKey(clusterKey: Uint8Array): Uint8Array {
  return hmac(sha256, clusterKey, ascii('secagg ingest tickets'))
}

/** The subject on which the processes of a cluster listen. What is published there has no reply in JetStream. */
async function subjectOf(seal: Seal): Promise<string> {
  return `secagg.ingest.${await seal.name('ingest')}`
}

/**
 * The coordinator's way to the ingest processes of its cluster: requests and replies over the broker, encrypted and
 * authenticated with the key of the cluster. A reply is bound to its request and its process.
 */
export async function ingestChannel({ connection }: Broker, seal: Seal): Promise<IngestChannel> {
  const subject = await subjectOf(seal)
  const { randomBytes } = await defaultCrypto('aes')
  return {
    discover: async () => {
      const nonce = randomBytes(NONCE)
      const name = bytesToHex(nonce)
      const places: IngestPlace[] = []
      const listener = connection.subscribe(`${subject}.here.${name}`, {
        callback: (_, message) => {
          open(seal, 'reply', `here ${name}`, message)
            .then((bytes) => bytes && places.push(placeOf(bytes)))
            .catch(() => undefined)
        },
      })
      try {
        connection.publish(
          `${subject}.who`,
          concatBytes(nonce, await seal.seal('request', `who ${name}`, nonce)),
        )
        await sleep(DISCOVERY)
      } finally {
        listener.unsubscribe()
      }
      return places
    },
    request: async (process, bytes) => {
      const nonce = randomBytes(NONCE)
      const name = `${process} ${bytesToHex(nonce)}`
      const sealed = await seal.seal('request', name, bytes)
      const message = await connection.request(`${subject}.to.${process}`, concatBytes(nonce, sealed), {
        timeout: REPLY_TIMEOUT,
      })
      const reply = await open(seal, 'reply', name, message)
      if (reply !== undefined) return reply
      throw new SecAggError('malformed-message', 'peer', 'a reply was not sealed for its request')
    },
  }
}

/** Answers the requests of coordinators. The function that it returns ends that. */
export async function answerRequests(
  { connection }: Broker,
  seal: Seal,
  process: IngestService,
  place: IngestPlace,
): Promise<() => void> {
  const subject = await subjectOf(seal)
  /** An exception in a callback would end the connection. */
  const safely = (work: (message: NatsMessage) => Promise<void>) => ({
    callback: (error: Error | null, message: NatsMessage): void => {
      if (error === null) work(message).catch(() => undefined)
    },
  })
  const who = connection.subscribe(
    `${subject}.who`,
    safely(async ({ data }) => {
      const name = bytesToHex(data.slice(0, NONCE))
      if ((await seal.open('request', `who ${name}`, data.subarray(NONCE))) === undefined) return
      const answer = await seal.seal('reply', `here ${name}`, ascii(`${place.id} ${place.address}`))
      connection.publish(`${subject}.here.${name}`, answer)
    }),
  )
  const requests = connection.subscribe(
    `${subject}.to.${place.id}`,
    safely(async (message) => {
      const name = `${place.id} ${bytesToHex(message.data.slice(0, NONCE))}`
      const request = await seal.open('request', name, message.data.subarray(NONCE))
      if (request === undefined) return
      message.respond(await seal.seal('reply', name, await process.handle(request)))
    }),
  )
  return () => {
    who.unsubscribe()
    requests.unsubscribe()
  }
}

async function open(
  seal: Seal,
  purpose: 'reply',
  name: string,
  { data }: NatsMessage,
): Promise<Bytes | undefined> {
  const opened = await seal.open(purpose, name, data)
  return opened && plainBytes(opened)
}

function placeOf(bytes: Uint8Array): IngestPlace {
  const [id = '', address = ''] = String.fromCharCode(...bytes).split(' ')
  return { id, address }
}
