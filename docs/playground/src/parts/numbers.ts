/** A number of bytes in readable units. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(2)} MiB`
}

/** “client 3”, “clients 3, 5 and 7”, “8 clients”. */
export function clientsText(seats: readonly number[]): string {
  if (seats.length > 4) return `${seats.length} clients`
  if (seats.length === 1) return `client ${seats[0]}`
  return `clients ${seats.slice(0, -1).join(', ')} and ${seats.at(-1)}`
}

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`
}
