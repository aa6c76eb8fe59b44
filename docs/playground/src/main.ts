import { loadMnist } from './mnist.js'
import { byId } from './parts/dom.js'
import { themeButton } from './parts/theme.js'
import { RoundSection } from './round/section.js'
import { TrainingSection } from './training/section.js'

themeButton(byId<HTMLButtonElement>('theme'))
const mnist = await loadMnist()
new TrainingSection(mnist)
await new RoundSection(mnist).open()
