import { type Mnist, picturesOf } from '../mnist.js'
import { byId, choice, element } from '../parts/dom.js'
import { tell } from './log.js'
import { PixelTable } from './pixel.js'
import { Play, type PlayEvent } from './play.js'
import { choosesHolders, neighborsOf, type RoundSetup, type ServerKind } from './setup.js'
import { Stage } from './stage.js'
import { showSteps } from './steps.js'
import { explanationOf, STEPS } from './texts.js'
import { showVerdict } from './verdict.js'
import { showViews } from './views.js'

/** The part of the page in which one round is played. */
export class RoundSection {
  readonly #mnist: Mnist
  readonly #stage = new Stage(byId('stage'), (seat) => this.#play?.toggle(seat))
  readonly #pixel = new PixelTable(byId('pixel'))
  readonly #next = byId<HTMLButtonElement>('next')
  readonly #all = byId<HTMLButtonElement>('all')
  readonly #server = choice<ServerKind>('Server', 'server', [
    ['honest', 'follows the protocol'],
    ['invented-clients', 'lies: invents clients'],
    ['two-stories', 'lies: tells two stories'],
  ])
  readonly #adversary = choice('Model', 'adversary', [
    ['honest-but-curious', 'honest-but-curious'],
    ['active', 'active'],
  ])
  readonly #graph = choice('Graph', 'graph', [
    ['complete', 'complete'],
    ['sparse', 'sparse ring'],
  ])
  readonly #clients = choice(
    'Clients',
    'clients',
    ['6', '9', '12', '18'].map((count) => [count, count] as const),
  )
  readonly #digit = choice(
    'Pictures',
    'digit',
    Array.from('0123456789', (digit) => [digit, `of a ${digit}`] as const),
  )
  #play: Play | undefined
  #busy = false
  /** The number of rounds opened so far. Events of an earlier round are ignored. */
  #opened = 0

  constructor(mnist: Mnist) {
    this.#mnist = mnist
    this.#clients.select.value = '9'
    this.#digit.select.value = '3'
    const choices = [this.#server, this.#adversary, this.#graph, this.#clients, this.#digit]
    byId('setup').append(...choices.map(({ field }) => field))
    byId('setup').addEventListener('submit', (event) => event.preventDefault())
    byId('setup').addEventListener('change', () => void this.open())
    byId('again').addEventListener('click', () => void this.open())
    this.#next.addEventListener('click', () => void this.#step())
    this.#all.addEventListener('click', () => void this.#run())
  }

  /** Opens a round with the visitor's choices. */
  async open(): Promise<void> {
    const number = ++this.#opened
    const setup = this.#setup()
    byId('explanation').textContent = explanationOf(setup)
    byId('acknowledged').hidden = !choosesHolders(setup)
    byId('denied').hidden = !choosesHolders(setup) || setup.server !== 'two-stories'
    byId('log').replaceChildren()
    this.#play = undefined
    const digit = Number(this.#digit.select.value)
    const pictures = picturesOf(this.#mnist.training, digit, setup.clients)
    const play = await Play.open(setup, pictures, (event) => this.#hear(number, event))
    if (number !== this.#opened) return
    this.#play = play
    this.#busy = false
    byId('threshold').textContent = thresholdText(setup, play.cohort.config.threshold)
    this.#stage.open(play)
    this.#show()
  }

  /** The visitor's choices. If they conflict, the kind of server and the model take precedence over the graph. */
  #setup(): RoundSetup {
    const server = this.#server.select.value as ServerKind
    const adversary = this.#adversary.select.value as RoundSetup['adversary']
    const clients = Number(this.#clients.select.value)
    const sparse = this.#graph.select.options[1]!
    const active = adversary === 'active'
    sparse.disabled = !active && server !== 'honest'
    sparse.textContent = sparse.disabled
      ? 'sparse ring (honest server only)'
      : active
        ? `sparse, ${neighborsOf(clients)} holders chosen by each client`
        : `sparse ring, ${neighborsOf(clients)} neighbors each`
    if (sparse.disabled) this.#graph.select.value = 'complete'
    return { server, adversary, clients, graph: this.#graph.select.value as RoundSetup['graph'] }
  }

  async #step(): Promise<void> {
    const play = this.#play
    if (play === undefined || this.#busy || play.phase === undefined) return
    const number = this.#opened
    this.#busy = true
    this.#showActions()
    try {
      await play.step((parcels) =>
        number === this.#opened ? this.#stage.carry(parcels, play) : Promise.resolve(),
      )
    } finally {
      if (number === this.#opened) {
        this.#busy = false
        this.#show()
      }
    }
  }

  async #run(): Promise<void> {
    const play = this.#play
    while (play !== undefined && play === this.#play && play.phase !== undefined && !this.#busy)
      await this.#step()
  }

  #hear(number: number, event: PlayEvent): void {
    if (number !== this.#opened) return
    tell(byId('log'), event, this.#play)
    if (this.#play !== undefined) this.#show()
  }

  #show(): void {
    const play = this.#play!
    this.#stage.show(play)
    showSteps(byId('steps'), play)
    showViews(play)
    showVerdict(byId('verdict'), play)
    this.#pixel.show(play)
    this.#showActions()
  }

  #showActions(): void {
    const phase = this.#play?.phase
    // Not disabled, because a disabled button loses the focus.
    for (const button of [this.#next, this.#all]) {
      button.setAttribute('aria-disabled', String(phase === undefined || this.#busy))
    }
    this.#next.replaceChildren(
      phase === undefined
        ? 'The round is over'
        : element('span', {}, 'Next: ', element('b', {}, STEPS[phase].name)),
    )
    byId('round').dataset.next = phase ?? 'over'
    byId('round').dataset.busy = String(this.#busy)
  }
}

function thresholdText({ graph, clients }: RoundSetup, threshold: number): string {
  const holders = graph === 'sparse' ? neighborsOf(clients) : clients
  return `Here t is ${threshold}: any ${threshold} of the ${holders} shares recover a secret, and fewer reveal nothing about it.`
}
