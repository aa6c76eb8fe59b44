interface ServiceWorker {
  addEventListener(type: 'message', listen: (event: { readonly ports: readonly MessagePort[] }) => void): void
}

/** Does `work` in a page, when a message comes to a service worker, or in Node, and says there what came of it. */
export function tell(work: () => Promise<unknown>): void {
  const told = async (): Promise<unknown> => {
    try {
      return { result: await work() }
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string }
      return { code, message }
    }
  }
  if ('document' in globalThis) Object.assign(globalThis, { seen: told() })
  else if ('registration' in globalThis) {
    const worker = globalThis as unknown as ServiceWorker
    worker.addEventListener('message', ({ ports: [port] }) => told().then((said) => port?.postMessage(said)))
  } else told().then((said) => process.stdout.write(`${JSON.stringify(said)}\n`))
}
