// Type-checked as a page's: platforms refuse bytes that might lie in shared memory, and with TypeScript from 5.7 on say so.
import { type ClientSession, defaultCrypto, type RoundConfig, type ServerSession, type Signer } from 'secagg'
import type { PreparedUpdate, RoundMean } from 'secagg/federated'
import { client, type SignedClaim, server } from 'secagg/protocol'
import { manifestBytes, type TensorManifest } from 'secagg/tensors'
import type { ByteStream, Connection } from 'secagg/transport'
import { fingerprint, packVector, type Segment, type Vector } from 'secagg/vector'

/** What a session gives leaves by whatever there is. */
export async function send(
  session: ClientSession,
  channel: RTCDataChannel,
  socket: WebSocket,
  message: Uint8Array,
): Promise<void> {
  await fetch('/start', { method: 'POST', body: await session.start() })
  channel.send(await session.receive(message))
  for await (const slice of session.slices()) socket.send(slice)
  navigator.sendBeacon('/again', await session.resend())
}

export async function answer(session: ServerSession, channels: readonly RTCDataChannel[]): Promise<Blob[]> {
  const outcome = await session.closePhase()
  const blobs: Blob[] = []
  if (outcome.done) return [new Blob([outcome.configHash])]
  for (const [seat, bytes] of outcome.messages) {
    channels[seat]!.send(bytes)
    blobs.push(new Blob([bytes]), new Blob([session.messageFor(seat)!]))
  }
  return blobs
}

/** A connection, a stream and a store of a program's own. */
export const connectionOver = (channel: RTCDataChannel, messages: AsyncIterable<Uint8Array>): Connection => ({
  send: (bytes) => channel.send(bytes),
  messages,
  close: () => channel.close(),
})

export const streamOver =
  (writer: WritableStreamDefaultWriter<BufferSource>): ByteStream['write'] =>
  (bytes) =>
    writer.write(bytes)

export const saveIn =
  (file: WritableStreamDefaultWriter<BufferSource | Blob | string>): import('secagg').SaveSession =>
  (bytes) =>
    file.write(bytes)

/** Keys that do not leave WebCrypto. */
export const signerOf = (key: CryptoKey): Signer => ({
  sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message)),
})

export const isSigned = (key: CryptoKey, { message, signature }: SignedClaim): Promise<boolean> =>
  crypto.subtle.verify('Ed25519', key, signature, message)

/** Everything else that is bytes. */
export async function blobs(
  config: RoundConfig,
  states: { readonly ofClient: client.ClientState; readonly ofServer: server.ServerState },
  manifest: TensorManifest,
  { vector, segments }: { readonly vector: Vector; readonly segments: readonly Segment[] },
  { input }: PreparedUpdate,
  { tensors }: RoundMean,
): Promise<Blob> {
  const { ed25519, randomBytes } = await defaultCrypto()
  const packed = packVector(vector, segments)
  return new Blob([
    ...[config.sessionId, config.hash, input.configHash, manifestBytes(manifest)],
    ...[client.encodeState(states.ofClient), server.encodeState(states.ofServer)],
    ...[randomBytes(32), await ed25519.publicKey(randomBytes(32)), packed, fingerprint(packed)],
    tensors.kernel!.data,
  ])
}
