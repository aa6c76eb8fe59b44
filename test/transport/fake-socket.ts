import type { Socket } from 'secagg/transport'

/** Two sockets with the interface of a browser's, joined in memory. */
export class FakeSocket implements Socket {
  binaryType = 'blob'
  readyState: number | string = 0
  bufferedAmount = 0
  paused = 0
  other: FakeSocket | undefined
  readonly #target = new EventTarget()

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#target.addEventListener(type, listener as EventListener)
  }

  fire(type: string, data?: unknown): void {
    this.#target.dispatchEvent(Object.assign(new Event(type), { data }))
  }

  /** Ends the socket. `details` are those of its close event. */
  end(details: { readonly code?: number; readonly reason?: string } = {}): void {
    this.readyState = typeof this.readyState === 'string' ? 'closed' : 3
    this.#target.dispatchEvent(Object.assign(new Event('close'), details))
  }

  open(): void {
    this.readyState = typeof this.readyState === 'string' ? 'open' : 1
    this.fire('open')
  }

  send(data: ArrayBuffer): void {
    this.other?.fire('message', data)
  }

  pause(): void {
    this.paused++
  }

  resume(): void {
    this.paused--
  }

  close(): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.fire('close')
    this.other?.close()
  }
}

/** Makes both ends, which are still opening. */
export function sockets(Kind: new () => FakeSocket = FakeSocket): [FakeSocket, FakeSocket] {
  const [one, other] = [new Kind(), new Kind()]
  one.other = other
  other.other = one
  return [one, other]
}
