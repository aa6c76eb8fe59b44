import { partsOf, throwIfAborted } from '../../arguments.js'
import { SecAggError } from '../../errors.js'
import { ClientSession, messageLimits } from '../../session/index.js'
import { type Clock, checkTime, systemClock, timer } from '../clock.js'
import { type Connection, requireConnection } from '../connections/connection.js'
import { errorOf, failureOf, isTooLong, Lost, lossOf } from '../failures.js'
import { Ending, endBy, ignore, type Notice } from '../notices.js'
import {
  type ClientEvent,
  type ClientResult,
  checkClientOptions,
  type OpenConnection,
  patientRetries,
  type RunClientOptions,
} from './client-options.js'
import { briefly, Conversation, leave } from './conversation.js'

/**
 * Takes one client through one round, over as many connections as it takes.
 *
 *     const { included } = await runClient(() => socketConnection(new WebSocket(url)), { config, seat, input })
 *
 * It resolves when the server has the sum.
 *
 * @throws {SecAggError} fault `network`: `late-message` where the round goes on without this client, `round-aborted` where
 *   there will be no sum, `message-refused` (`got` is the server's reason), `connection-lost` where it gives up, or
 *   another process has taken the seat. What the session throws: fault `server` where the client was lied to.
 *   `invalid-argument` where options do not fit, before anything is connected; with a cause, for what a function of the
 *   caller's has thrown.
 * @throws the signal's reason.
 * @public
 */
export async function runClient(connect: OpenConnection, given: RunClientOptions): Promise<ClientResult> {
  const options = partsOf('options', given)
  checkClientOptions(connect, options)
  const { signal } = options
  const ending = new Ending()
  const letGo = endBy(signal, ending)
  let session: ClientSession | undefined
  try {
    throwIfAborted(signal)
    session = await begin(connect, options, ending)
    const notice = await lastWord(session, connect, options, ending)
    if (notice.kind === 'finished') return { included: notice.included }
    throw errorOf(notice)
  } catch (error) {
    throw failureOf(error, signal)
  } finally {
    letGo()
    session?.wipe().catch(ignore)
  }
}

/** Makes the session; where that fails, the server is told that this client will not take part. */
async function begin(
  connect: OpenConnection,
  options: RunClientOptions,
  ending: Ending,
): Promise<ClientSession> {
  const { saved, clock = systemClock } = options
  try {
    return saved === undefined ? new ClientSession(options) : ClientSession.resume(saved, options)
  } catch (error) {
    await withdraw(connect, clock, ending)
    ending.end(error)
    throw error
  }
}

/** Tells the server over a connection made for that that nothing more will come from this client. */
async function withdraw(connect: OpenConnection, clock: Clock, ending: Ending): Promise<void> {
  const withdrawing = connected(connect, ending, false).then(async (connection) => {
    await leave(connection)
    connection.close()
  })
  await briefly(clock, withdrawing)
}

/** Connects again and again, until the server has said how the round ended. */
async function lastWord(
  session: ClientSession,
  connect: OpenConnection,
  options: RunClientOptions,
  ending: Ending,
): Promise<Notice> {
  const { retryAfter = patientRetries(options.seat), onEvent, clock = systemClock, maximumSilence } = options
  const limits = messageLimits(options.config)
  const emit = (event: ClientEvent): void => onEvent?.(event)
  let hasConnected = false
  let isMute = false
  for (let failures = 0; ; ) {
    let conversation: Conversation | undefined
    try {
      const connection = await connected(connect, ending, hasConnected)
      hasConnected = true
      conversation = new Conversation(session, connection, limits, { emit, clock, maximumSilence, isMute })
      return await untilOver(conversation, ending)
    } catch (error) {
      if (!(error instanceof Lost)) {
        // The connection that would not carry the message is gone with it.
        if (isTooLong(error)) await withdraw(connect, clock, ending)
        throw error
      }
      isMute ||= conversation?.wasMute === true
      failures = conversation?.succeeded === true ? 1 : failures + 1
      const retryIn = retryAfter(failures, error.cause)
      if (retryIn !== undefined) checkTime('the time to the next attempt', retryIn)
      emit({ type: 'disconnected', cause: error.cause, retryIn })
      if (retryIn === undefined) {
        if (conversation !== undefined) await withdraw(connect, clock, ending)
        throw gaveUp(failures, error.cause, conversation?.longest ?? 0)
      }
      await pause(retryIn, options, ending)
      // Or what is under way could bring the session to its next round behind the back of the next conversation.
      await ending.race(conversation?.finished)
    }
  }
}

async function connected(connect: OpenConnection, ending: Ending, before: boolean): Promise<Connection> {
  const connecting = (async () => connect())().then(requireConnection, (cause: unknown): never => {
    throw lossOf(cause, before)
  })
  // One that comes too late is not left open.
  connecting.then((connection) => ending.over && connection.close()).catch(ignore)
  return ending.race(connecting)
}

async function untilOver(conversation: Conversation, ending: Ending): Promise<Notice> {
  const word = conversation.run()
  try {
    return await ending.race(word)
  } catch (error) {
    conversation.end(error)
    // It says so before it goes.
    await word.catch(ignore)
    throw error
  }
}

async function pause(
  milliseconds: number,
  { clock = systemClock }: RunClientOptions,
  ending: Ending,
): Promise<void> {
  let cancel = ignore
  try {
    await ending.race(
      new Promise<void>((resolve) => {
        cancel = timer(clock, milliseconds, resolve)
      }),
    )
  } finally {
    cancel()
  }
}

/** Bytes beyond which a message may be what breaks a connection: there are servers with such a limit. */
const LONG = 2 ** 14

function gaveUp(failures: number, cause: unknown, longest: number): SecAggError {
  const hint =
    longest > LONG
      ? `; messages of up to ${longest} bytes were sent: if one breaks the connection, a smaller \`sliceLength\` makes them shorter`
      : ''
  const text = `the connection has failed ${failures} times without any progress of the round${hint}`
  return new SecAggError('connection-lost', 'network', text, { got: failures, cause })
}
