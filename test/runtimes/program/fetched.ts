// The program for runtimes that answer requests. Their clock stands still between them, so the client measures the time.
import { handlerOf } from './handler.js'

export default handlerOf()
