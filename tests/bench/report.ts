import { readFileSync, writeFileSync } from 'node:fs';
import type { Finding } from './row.ts';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

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

/** Puts the table, and how it came to be, between the marks of the page. */
export function writeIntoPage(page: string, text: string): void {
  const before = readFileSync(page, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" before "${END}"`);
  const kept = before.slice(0, begin + BEGIN.length);
  writeFileSync(page, `${kept}\n\n${text.trim()}\n\n${before.slice(end)}`);
}
