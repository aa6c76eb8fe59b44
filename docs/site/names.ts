import type { DocumentReflection, ProjectReflection } from 'typedoc'

/** A document is called by its first heading. */
export function nameOfDocument({ name, content }: DocumentReflection): string {
  const [, title] = /^# (.+)$/m.exec(content.map(({ text }) => text).join('')) ?? []
  return title ?? name
}

/** Modules are called as programs import them. */
export function nameModules(project: ProjectReflection): void {
  const modules = project.children ?? []
  for (const module of modules) module.name = module.name === 'index' ? 'secagg' : `secagg/${module.name}`
  modules.sort((a, b) => (a.name < b.name ? -1 : 1))
}
