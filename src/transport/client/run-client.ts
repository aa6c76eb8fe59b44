import { partsOf, throwIfAborted } from '../../arguments.js'
import { SecAggError } from '../../errors.js'
import { ClientSession } from '../../session/client-session.js'
import { messageLimits } from '../../session/message-limits.js'
import { type Clock, checkTime, systemClock, timer } from '../clock.js'
import type { Connection } from '../connections/connection.js'
import { errorOf, failureOf, isTooLong, Lost, lossOf } from '../failures.js'
import { Ending, endBy, ignore, type LastWord } from '../notices.js'
import {
  type ClientEvent,
  type ClientResult,
  checkClientOptions,
  type OpenConnection,
  patientRetries,
  type RunClientOptions,
} from './client-options.js'
import { briefly, Conversation, leave } from './conversation.js'
import { type Limits, openInTime, silenceOf } from './opening.js'

/**
 * Runs one client through one round. It connects as often as necessary, and resolves when the server has the sum.
 *
 * @param connect Makes a connection to the server. It is called again when a connection is lost.
 * @param given The configuration, the client's seat and its input, and how long to wait and retry.
 * @returns Whether the input is in the sum.
 * @throws {SecAggError} With fault `network`:
 *   - `late-message` if the round continues without this client;
 *   - `round-aborted` if there will be no sum;
 *   - `message-refused` if the server refused a message; `got` is the server's reason;
 *   - `connection-lost` if the client gives up, or another connection has taken the seat.
 *
 *   With fault `server`, if the session detects that the server cheats; see {@link ClientSession}. With fault `usage`:
 *   `invalid-argument` if options are wrong, before anything is connected; also, with a cause, if one of the caller's
 *   functions throws.
 * @throws the reason of `signal` if it aborts.
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 * import { connectionPair, runClient, serveRound } from 'secagg/transport'
 *
 * const config = createRoundConfig({
 *   sessionId: crypto.getRandomValues(new Uint8Array(32)), // the server chooses it, and sends it to the clients
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 2, bits: 16, bound: 1000 }],
 * })
 * const round = serveRound({ config })
 * const connect = (seat: number) => () => {
 *   const [ours, theirs] = connectionPair() // in a real program: socketConnection(new WebSocket(url))
 *   round.connect(seat, theirs)
 *   return ours
 * }
 * const clients = [0, 1, 2].map((seat) => runClient(connect(seat), { config, seat, input: [Uint16Array.of(seat, 100)] }))
 * console.log((await clients[0])?.included) // true
 * await round.closed
 * ```
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

/** Makes the session. If that fails, the client tells the server that it will not take part. */
async function begin(
  connect: OpenConnection,
  options: RunClientOptions,
  ending: Ending,
): Promise<ClientSession> {
  const { saved, clock = systemClock } = options
  const own = { ...options, onEvent: (event: ClientEvent) => tell(event, options, ending) }
  try {
    return saved === undefined ? new ClientSession(own) : ClientSession.resume(saved, own)
  } catch (error) {
    await withdraw(connect, clock, ending)
    ending.end(error)
    throw error
  }
}

/** Passes on an event of the session. If the listener throws, the client's part ends. */
function tell(event: ClientEvent, { onEvent }: RunClientOptions, ending: Ending): void {
  try {
    if (!ending.over) onEvent?.(event)
  } catch (error) {
    ending.end(error)
  }
}

/** Opens a connection only to tell the server that this client leaves. */
async function withdraw(connect: OpenConnection, clock: Clock, ending: Ending): Promise<void> {
  const limits = { clock, time: Number.POSITIVE_INFINITY, ending }
  const withdrawing = connected(connect, limits, false).then(async (connection) => {
    await leave(connection)
    connection.close()
  })
  await briefly(clock, withdrawing)
}

/** Connects again and again until the server tells how the round ended. */
async function lastWord(
  session: ClientSession,
  connect: OpenConnection,
  options: RunClientOptions,
  ending: Ending,
): Promise<LastWord> {
  const { retryAfter = patientRetries(options.seat), onEvent, clock = systemClock, maximumSilence } = options
  const limits = messageLimits(options.config)
  const emit = (event: ClientEvent): void => onEvent?.(event)
  let hasConnected = false
  let isMute = false
  for (let failures = 0; ; ) {
    let conversation: Conversation | undefined
    try {
      const attempt = { clock, time: silenceOf(maximumSilence, limits.fromServer), ending }
      const connection = await connected(connect, attempt, hasConnected)
      hasConnected = true
      const { config, openUpload } = options
      const own = { emit, clock, maximumSilence, isMute, config, openUpload }
      conversation = new Conversation(session, connection, limits, own)
      return await untilOver(conversation, ending)
    } catch (error) {
      if (!(error instanceof Lost)) {
        // The message was too long for the connection and broke it, so another one is needed to say goodbye.
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
      // Otherwise unfinished work could move the session to its next phase while the next conversation runs.
      await ending.race(conversation?.finished)
    }
  }
}

/** `before` tells whether there was a connection before. */
function connected(connect: OpenConnection, limits: Limits, before: boolean): Promise<Connection> {
  const open = async (): Promise<Connection> => {
    try {
      return await connect()
    } catch (cause) {
      throw lossOf(cause, before)
    }
  }
  return openInTime(open, limits)
}

async function untilOver(conversation: Conversation, ending: Ending): Promise<LastWord> {
  const word = conversation.run()
  try {
    return await ending.race(word)
  } catch (error) {
    conversation.end(error)
    // Give the conversation time to tell the server that the client leaves.
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

/** A message of more bytes than this may exceed a server's limit and break the connection. */
const LONG = 2 ** 14

function gaveUp(failures: number, cause: unknown, longest: number): SecAggError {
  const hint =
    longest > LONG
      ? `; messages of up to ${longest} bytes were sent: if they are too long for the connection, choose a smaller \`sliceLength\``
      : ''
  const text = `the connection failed ${failures} times while the round made no progress${hint}`
  return new SecAggError('connection-lost', 'network', text, { got: failures, cause })
}
