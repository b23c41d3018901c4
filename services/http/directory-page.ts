import type { FolderEntry } from '../chacra/find-published.ts';
import { encodeSegment } from '../domain/identity.ts';
import { escapeHtml } from '../platform/error-answer.ts';

const NAME_WIDTH = 50;

/** A folder as nginx's autoindex shows it: people and scripts that count its lines know that form. */
export function directoryPage(path: string, entries: readonly FolderEntry[]): string {
  const title = `Index of ${escapeHtml(path)}`;
  const lines = entries.map(({ name, isFolder, size }) => {
    const shown = isFolder ? `${name}/` : name;
    const link = `<a href="./${encodeSegment(name)}${isFolder ? '/' : ''}">${escapeHtml(shown)}</a>`;
    const padding = ' '.repeat(Math.max(1, NAME_WIDTH + 1 - shown.length));
    return `${link}${padding}${(size === null ? '-' : String(size)).padStart(20)}`;
  });
  const body = ['<a href="../">../</a>', ...lines].join('\n');
  return (
    `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1><hr><pre>` +
    `${body}\n</pre><hr></body>\n</html>\n`
  );
}
