import { type Application, JSX } from 'typedoc'

/** Links the playground from the head of the navigation of every page. */
export function linkPlayground({ renderer }: Application): void {
  renderer.hooks.on('sidebar.begin', (context) =>
    JSX.createElement(
      'a',
      { class: 'playground', href: context.relativeURL('playground/index.html') ?? '' },
      'Playground',
    ),
  )
}
