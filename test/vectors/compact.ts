import type { Hex, RoundVector } from './format.js'

/** The keys and ciphertexts of ML-KEM-768 in rounds, each once. */
export function longBytesOf(rounds: readonly RoundVector[]): Hex[] {
  const clients = rounds.flatMap(({ values }) => values.clients)
  const all = clients.flatMap(({ advertiseKeys: { hybrid }, shareKeys }) => [
    ...(hybrid === undefined ? [] : [hybrid.cipherKemKey, hybrid.maskKemKey]),
    ...[...(shareKeys?.sealed ?? []), ...(shareKeys?.maskSecrets ?? [])].flatMap(
      ({ encapsulated }) => encapsulated?.ciphertext ?? [],
    ),
  ])
  return [...new Set(all)]
}

/** The same content with `<i>` in place of entry i of `long`. */
export function compact<T>(content: T, long: readonly Hex[]): T {
  const text = long.reduce((all, bytes, i) => all.replaceAll(bytes, `<${i}>`), JSON.stringify(content))
  return JSON.parse(text) as T
}

export function expand<T>(content: T, long: readonly Hex[]): T {
  const text = JSON.stringify(content).replace(/<(\d+)>/g, (_, i: string) => long[Number(i)]!)
  return JSON.parse(text) as T
}
