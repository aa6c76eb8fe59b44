// The program for runtimes that answer requests. Their clock stands still between them, so the client measures the time.
import { type Handler, handlerOf } from './handler.js'

const handler: Handler = handlerOf()

export default handler
