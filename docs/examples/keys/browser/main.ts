/** Serves a page whose clients have keys in the browser that cannot be exported. Reload it: the keys stay. */
import { serveSite } from './site.js'

const { url } = await serveSite(8791)
console.log(`open ${url}`)
