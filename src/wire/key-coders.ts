import * as P from '../codec/codec.js'
import { KEM_KEY_LENGTH } from '../crypto/encapsulation.js'
import { type FixedCoder, seatList, seatMap } from './coders.js'
import {
  type AdvertiseKeys,
  HASH_LENGTH,
  KEY_LENGTH,
  type PublicKeys,
  type PublishedKeys,
} from './messages.js'

/**
 * @param signatureLength - The configuration's; 0 if keys are not signed.
 * @param choiceLength - Bytes of the seed of a choice of holders; 0 if none are chosen.
 * @param isHybrid - Whether there are keys of ML-KEM-768.
 */
export function advertiseKeysCoder(
  signatureLength: number,
  choiceLength = 0,
  isHybrid = false,
): P.Coder<AdvertiseKeys> {
  const hash = P.bytes(HASH_LENGTH)
  const keys = publicKeys(signatureLength, choiceLength, isHybrid)
  return P.coder({
    encodeTo: (writer, message) => {
      hash.encodeTo(writer, message.configurationHash)
      keys.encodeTo(writer, message)
    },
    decodeFrom: (reader) => ({
      configurationHash: hash.decodeFrom(reader),
      ...keys.decodeFrom(reader),
    }),
  })
}

/** `universe`: the seats that may take part, or their maximum number if the receiver does not know the seats. */
export function publishedKeysCoder(
  universe: readonly number[] | number,
  signatureLength: number,
  choiceLength = 0,
  isHybrid = false,
): P.Coder<PublishedKeys> {
  const keys = publicKeys(signatureLength, choiceLength, isHybrid)
  return typeof universe === 'number' ? seatList(universe, keys) : seatMap(universe, keys)
}

/** The keys and what goes with them, in one piece: there are n² of these in a round. */
function publicKeys(
  signatureLength: number,
  choiceLength: number,
  isHybrid: boolean,
): FixedCoder<PublicKeys> {
  const kemLength = isHybrid ? KEM_KEY_LENGTH : 0
  const kemAt = 2 * KEY_LENGTH + choiceLength
  const signatureAt = kemAt + 2 * kemLength
  const length = signatureAt + signatureLength
  const write = (keys: PublicKeys, target: Uint8Array, at: number): void => {
    const { cipherKey, maskKey, choice = NOTHING, signature } = keys
    const { cipherKemKey = NOTHING, maskKemKey = NOTHING } = keys
    const fits =
      cipherKey.length === KEY_LENGTH &&
      maskKey.length === KEY_LENGTH &&
      choice.length === choiceLength &&
      cipherKemKey.length === kemLength &&
      maskKemKey.length === kemLength &&
      signature.length === signatureLength
    if (!fits) throw new Error('a key or a signature has the wrong length')
    target.set(cipherKey, at)
    target.set(maskKey, at + KEY_LENGTH)
    if (choiceLength > 0) target.set(choice, at + 2 * KEY_LENGTH)
    if (isHybrid) {
      target.set(cipherKemKey, at + kemAt)
      target.set(maskKemKey, at + kemAt + kemLength)
    }
    if (signatureLength > 0) target.set(signature, at + signatureAt)
  }
  const coder = P.coder<PublicKeys>({
    encodeTo: (writer, keys) => {
      const bytes = new Uint8Array(length)
      write(keys, bytes, 0)
      writer.bytes(bytes)
    },
    decodeFrom: (reader) => {
      const bytes = reader.bytes(length)
      const part = (from: number, to: number): Uint8Array => bytes.subarray(from, to)
      return {
        cipherKey: part(0, KEY_LENGTH),
        maskKey: part(KEY_LENGTH, 2 * KEY_LENGTH),
        ...(choiceLength === 0 ? {} : { choice: part(2 * KEY_LENGTH, kemAt) }),
        ...(isHybrid && {
          cipherKemKey: part(kemAt, kemAt + kemLength),
          maskKemKey: part(kemAt + kemLength, signatureAt),
        }),
        signature: part(signatureAt, length),
      }
    },
  })
  return { ...coder, length, write }
}

const NOTHING = new Uint8Array(0)
