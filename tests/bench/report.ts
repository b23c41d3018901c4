import { readFileSync, writeFileSync } from 'node:fs';
import type { Finding } from './row.ts';

/** The findings as a Markdown table. */
export function markdownTable(findings: readonly Finding[]): string {
  const head = ['what', 'gitbuilder', 'beside', 'ratio', 'target', ''];
  const rows = findings.map(({ what, ours, beside, ratio, target, reached }) => {
    const verdict = reached === null ? '' : reached ? 'reached' : '**missed**';
    return [what, ours, beside, ratio, target ?? '', verdict];
  });
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

/** Puts a table, and how it came to be, between its marks on the page. */
export function writeIntoPage(page: string, table: string, text: string): void {
  const [opening, closing] = [`<!-- ${table}: begin -->`, `<!-- ${table}: end -->`];
  const before = readFileSync(page, 'utf8');
  const [begin, end] = [before.indexOf(opening), before.indexOf(closing)];
  if (begin < 0 || end < begin) throw new Error(`the page has no "${opening}" before "${closing}"`);
  const kept = before.slice(0, begin + opening.length);
  writeFileSync(page, `${kept}\n\n${text.trim()}\n\n${before.slice(end)}`);
}
