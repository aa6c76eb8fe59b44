// React Native's `AbortSignal`, and those of older polyfills and browsers, have `aborted` and `addEventListener` and no more.

/** Why a signal was aborted; where it does not say, an error with the name that browsers give theirs. */
export function reasonOf(signal: AbortSignal): unknown {
  if (signal.reason !== undefined) return signal.reason
  const error = new Error('the operation was aborted')
  error.name = 'AbortError'
  return error
}

/** @throws the signal's reason, where it was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal)
}
