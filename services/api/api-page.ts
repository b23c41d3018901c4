import { routesOf } from './openapi.ts';
import type { RouteTree } from './openapi.ts';
import type { Route } from './route.ts';

/** A service as docs/api.md shows it. */
export interface ApiSection {
  readonly title: string;
  readonly routes: RouteTree;
}

/** The reference of every route, from the same tables that serve them and make the OpenAPI documents. */
export function apiMarkdown(sections: readonly ApiSection[]): string {
  return sections
    .map(({ title, routes }) => `## ${title}\n\n${routesOf(routes).map(entry).join('\n')}`)
    .join('\n');
}

function entry(route: Route): string {
  const who = route.scope === null ? 'Open to readers.' : `Needs the scope \`${route.scope}\`.`;
  return [
    `### \`${route.method} ${route.path}\`\n\n`,
    `${text(route.summary)}\n\n${who}\n`,
    list('Query', route.query),
    list('Headers', route.headers),
    list('Body', route.body),
    list('Answers', route.answers),
  ].join('');
}

function list(title: string, facts: Readonly<Record<string, string>> | undefined): string {
  if (facts === undefined) return '';
  const items = Object.entries(facts).map(([name, what]) => `- \`${name}\`: ${text(what)}\n`);
  return `\n${title}:\n\n${items.join('')}`;
}

function text(what: string): string {
  return what.replaceAll('<', '&lt;').replaceAll('{', '\\{');
}
