import { show } from './page.js'

show(() => new Worker('thread.js', { type: 'module' }))
