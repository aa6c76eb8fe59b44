import { show } from './page.js'

show(() => new Worker(new URL('./thread.ts', import.meta.url), { type: 'module' }))
