/** Inputs that broke the invariant once. `npm run fuzz` prints what belongs here. */
export const REGRESSIONS: readonly {
  readonly target: string
  readonly what: string
  readonly input: string
}[] = [
  {
    target: 'shares',
    what: 'on the sparse graph, a share of the sender’s own secret had a coordinate that does not exist',
    input: 'fff0fbff',
  },
  {
    target: 'configurations',
    what: 'nothing in place of parameters',
    input: '020001010101',
  },
  {
    target: 'definitions',
    what: 'statistics that came without maximumRecords had no context',
    input: '00020802',
  },
  {
    target: 'definitions',
    what: 'a step of lists in lists was turned into a number before it was refused',
    input: '00010300000301013d3d3d',
  },
]
