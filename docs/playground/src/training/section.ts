import { planExactly } from '../../../examples/mnist/plan.js'
import { largestPart, type Setup, train } from '../../../examples/mnist/training.js'
import type { Mnist } from '../mnist.js'
import { byId, choice, element } from '../parts/dom.js'
import { percent } from '../parts/numbers.js'
import { STEPS } from '../round/texts.js'
import { WorkerAggregator } from './aggregator.js'
import { WorkerCards } from './cards.js'
import { Results } from './results.js'
import { ClientWorkers } from './workers.js'

const CLIENTS = 10

/** The part of the page in which a model is trained. */
export class TrainingSection {
  readonly #mnist: Mnist
  readonly #rounds = choice(
    'Rounds',
    'rounds',
    ['2', '5', '10', '20'].map((count) => [count, count] as const),
  )
  readonly #workers = choice(
    'Workers',
    'workers',
    ['1', '2', '3', '5'].map((count) => [count, count] as const),
  )
  readonly #drops = element('input', { type: 'checkbox', id: 'drops', checked: true })
  readonly #button = element('button', { type: 'submit', id: 'train', class: 'primary' }, 'Train')
  readonly #cards = new WorkerCards(byId('workers'))
  readonly #results = new Results(byId('charts'), byId('training-table'))
  readonly #status = byId('training-status')
  #stop: (() => void) | undefined

  constructor(mnist: Mnist) {
    this.#mnist = mnist
    this.#rounds.select.value = '10'
    this.#workers.select.value = '2'
    byId('image-count').textContent = mnist.training.count.toLocaleString('en-US')
    const drops = element('label', { class: 'check' }, this.#drops, element('span', {}, 'clients drop out'))
    const form = byId('training-setup')
    const button = element(
      'div',
      { class: 'field' },
      element('span', { 'aria-hidden': 'true' }, '\u00a0'),
      this.#button,
    )
    form.append(this.#rounds.field, this.#workers.field, drops, button)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.#stop === undefined) void this.#train()
      else this.#stop()
    })
    this.#workers.select.addEventListener('change', () => {
      if (this.#stop === undefined) this.#cards.open(this.#groups())
    })
    this.#cards.open(this.#groups())
  }

  /** The seats of each worker. */
  #groups(): readonly (readonly number[])[] {
    const workers = Number(this.#workers.select.value)
    const seats = Array.from({ length: CLIENTS }, (_, seat) => seat)
    return Array.from({ length: workers }, (_, index) => seats.filter((seat) => seat % workers === index))
  }

  async #train(): Promise<void> {
    const rounds = Number(this.#rounds.select.value)
    const groups = this.#groups()
    let workers: ClientWorkers | undefined
    let stopped = false
    this.#stop = () => {
      stopped = true
      workers?.close()
    }
    this.#button.textContent = 'Stop'
    this.#cards.open(groups)
    this.#results.open(rounds)
    this.#say('running', 'Starting the workers.')
    try {
      const local = { epochs: 1, batch: 8, learningRate: 0.2 }
      const setup: Setup = { ...this.#mnist, clients: CLIENTS, rounds, seed: 1, local }
      const plan = planExactly(CLIENTS, largestPart(setup))
      const assignment = {
        clients: CLIENTS,
        seed: setup.seed,
        plan: JSON.stringify(plan),
        training: setup.training,
        local,
      }
      workers = await ClientWorkers.start(groups, assignment, (seat) =>
        this.#cards.mark(seat, 'training', 'training'),
      )
      if (stopped) workers.close()
      await this.#follow(
        setup,
        new WorkerAggregator(plan, workers, {
          workerOf: (seat) => seat % groups.length,
          drops: this.#drops.checked,
          watcher: {
            onPhase: (phase, dropouts) => {
              this.#cards.begin(phase, dropouts)
              byId('training').dataset.step = STEPS[phase].name
            },
            onAnswer: (seat, phase) => this.#cards.sent(seat, phase),
          },
        }),
      )
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#say(stopped ? 'stopped' : 'failed', stopped ? 'Stopped.' : `The training failed: ${reason}.`)
    } finally {
      workers?.close()
      this.#stop = undefined
      this.#button.textContent = 'Train'
    }
  }

  async #follow(setup: Setup, aggregator: WorkerAggregator): Promise<void> {
    for await (const trained of train(setup, aggregator)) {
      const { round, accuracy, result } = trained
      this.#results.add(trained, aggregator.seen!, setup.clients)
      const all = `Round ${round} of ${setup.rounds}: ${result.survivors.length} of ${setup.clients} updates are in the sum, and the model recognizes ${percent(accuracy)} of the test images.`
      this.#say(round === setup.rounds ? 'done' : 'running', all)
    }
  }

  #say(state: 'running' | 'done' | 'stopped' | 'failed', text: string): void {
    this.#status.textContent = text
    byId('training').dataset.state = state
  }
}
