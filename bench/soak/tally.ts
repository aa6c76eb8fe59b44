import type { ErrorCode, Receipt } from 'secagg'

/** What became of everything that was sent in a round. */
export class Tally {
  /** Parcels that were sent to the server. */
  sent = 0
  /** Of these, those that went with their connection. */
  lost = 0
  readonly receipts: Record<Receipt['status'], number> = { accepted: 0, duplicate: 0, busy: 0, refused: 0 }
  readonly refusals: Partial<Record<ErrorCode, number>> = {}
  /** Messages to clients, and those of them that were lost, answered and refused. */
  readonly letters = { sent: 0, lost: 0, answered: 0, refused: 0 }
  readonly findings: string[] = []

  /** Counts a receipt. */
  receipt(receipt: Receipt): void {
    this.receipts[receipt.status]++
    if (receipt.status !== 'refused') return
    const { code } = receipt.error
    this.refusals[code] = (this.refusals[code] ?? 0) + 1
  }

  /** Notes what is not as it must be. */
  find(text: string): void {
    if (this.findings.length < 20) this.findings.push(text)
  }

  /** Finds whatever was sent and is not accounted for. */
  balance(): void {
    const { accepted, duplicate, busy, refused } = this.receipts
    const received = accepted + duplicate + busy + refused
    if (received + this.lost !== this.sent) {
      this.find(
        `${this.sent} parcels sent, but ${received} received and ${this.lost} lost with their connection`,
      )
    }
    const { sent, lost, answered, refused: refusedLetters } = this.letters
    if (lost + answered + refusedLetters !== sent) {
      this.find(`${sent} letters sent, but ${lost} lost, ${answered} answered, ${refusedLetters} refused`)
    }
    const byCode = Object.values(this.refusals).reduce((sum, count) => sum + count, 0)
    if (byCode !== refused) this.find(`${refused} refusals, but ${byCode} by their codes`)
  }
}
