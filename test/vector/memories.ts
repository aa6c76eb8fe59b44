import { vi } from 'vitest'

/** Replaces the global `WebAssembly` by one that lists each memory that is made. `vi.unstubAllGlobals` undoes it. */
export function watchMemories(): readonly WebAssembly.Memory[] {
  const memories: WebAssembly.Memory[] = []
  vi.stubGlobal('WebAssembly', {
    ...WebAssembly,
    Module: WebAssembly.Module,
    Instance: WebAssembly.Instance,
    Memory: class extends WebAssembly.Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor)
        memories.push(this)
      }
    },
  })
  return memories
}
