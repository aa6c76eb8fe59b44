import type { Compact, Hex, RoundVector } from './format.js'

/** The keys and ciphertexts of ML-KEM-768 in a round, each once. */
export function longBytesOf({ values }: RoundVector): Hex[] {
  const all = values.clients.flatMap(({ advertiseKeys, shareKeys }) => [
    advertiseKeys.hybrid!.cipherKemKey,
    advertiseKeys.hybrid!.maskKemKey,
    ...[...(shareKeys?.sealed ?? []), ...(shareKeys?.maskSecrets ?? [])].map(
      ({ encapsulated }) => encapsulated!.ciphertext,
    ),
  ])
  return [...new Set(all)]
}

/** The same content with `long` in place of each of these byte strings, as far as they occur in it. */
export function compact<T>(content: T, long: readonly Hex[]): Compact<T> {
  let text = JSON.stringify(content)
  const used = long.filter((bytes) => text.includes(bytes))
  for (const [index, bytes] of used.entries()) text = text.replaceAll(bytes, `<${index}>`)
  return { long: used, content: JSON.parse(text) as T }
}

export function expand<T>({ long, content }: Compact<T>): T {
  const text = JSON.stringify(content).replace(/<(\d+)>/g, (_, index: string) => long[Number(index)]!)
  return JSON.parse(text) as T
}
