// Starts the program in a worker of the kind that the page names.
export {}

const fail = (cause: unknown): void => {
  void fetch('/report', { method: 'POST', body: JSON.stringify({ failure: String(cause) }) })
}

/** A page that enforces Trusted Types accepts the address of a worker only from a policy. */
const trusted = (address: string): string => {
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: {
      createPolicy(name: string, rules: object): { createScriptURL(address: string): string }
    }
  }
  if (trustedTypes === undefined) return address
  return trustedTypes
    .createPolicy('starter', { createScriptURL: (text: string) => text })
    .createScriptURL(address)
}

try {
  const place = document.querySelector<HTMLElement>('#starter')!.dataset.place
  const address = trusted('/page.js')
  if (place === 'worker') {
    const worker = new Worker(address, { type: 'module' })
    worker.addEventListener('error', (event) => fail(event.message ?? 'the worker did not load'))
  } else if (place === 'shared-worker') {
    const worker = new SharedWorker(address, { type: 'module' })
    worker.addEventListener('error', () => fail('the shared worker did not load'))
  } else {
    await navigator.serviceWorker.register(address, { type: 'module' })
    const { active } = await navigator.serviceWorker.ready
    active!.postMessage('run')
  }
} catch (cause) {
  fail(cause)
}
