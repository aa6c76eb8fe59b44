import { element } from './dom.js'

const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]
const KEY = 'secagg-playground-theme'

/** A button that cycles through the color themes. The choice is kept for the next visit. */
export function themeButton(button: HTMLButtonElement): void {
  let theme = stored()
  const show = (): void => {
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    const icon = { system: '◐', light: '☀', dark: '☾' }[theme]
    button.replaceChildren(icon, element('span', { class: 'wide' }, ` ${theme}`))
    button.setAttribute('aria-label', `Color theme: ${theme}. Press to change.`)
  }
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!
    store(theme)
    show()
  })
  show()
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return THEMES.find((theme) => theme === value) ?? 'system'
  } catch {
    return 'system' // the page has no storage
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
}
