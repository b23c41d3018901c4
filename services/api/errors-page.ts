import { ERRORS } from '../domain/errors.ts';

/** The table of docs/errors.md. */
export function errorsMarkdown(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, message, advice }]) =>
      `| \`${code}\` | ${status} | ${cell(message)} | ${cell(advice)} |\n`,
  );
  return `| code | status | message | what to do |\n|---|---|---|---|\n${rows.join('')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
