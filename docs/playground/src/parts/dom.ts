type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string | undefined

/** An element with attributes and children; attributes that are `undefined` or `false` are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  setAttributes(made, attributes)
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** The same for SVG elements. */
export function drawing<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  setAttributes(made, attributes)
  made.append(...children.filter((child) => child !== undefined))
  return made
}

function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) target.setAttribute(name, value === true ? '' : String(value))
  }
}

/** The element of the page with this id. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found as unknown as T
}

/** A labeled choice. */
export function choice<Value extends string>(
  label: string,
  name: string,
  options: readonly (readonly [value: Value, text: string])[],
): { readonly field: HTMLElement; readonly select: HTMLSelectElement } {
  const select = element(
    'select',
    { name, id: `choose-${name}` },
    ...options.map(([value, text]) => element('option', { value }, text)),
  )
  return { field: element('label', { class: 'field' }, element('span', {}, label), select), select }
}
