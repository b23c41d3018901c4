import type { Answered } from './http-client.ts';
import { oneLine, Problem } from './problem.ts';

const LONGEST_TEXT = 300;

/** Turns an answer that is no success into what a person can use: the service's own words, where it has some. */
export function refusal(who: string, { status, headers, text }: Answered): Problem {
  const { location } = headers;
  if (location !== undefined) {
    return new Problem(
      `${who} answered ${status}: go to ${oneLine(location)}`,
      'Name that address instead: nobody is sent elsewhere with a key in hand.',
    );
  }
  const { message, advice } = said(text);
  const full =
    status === 507
      ? 'Ask for another node (--shaman hands them out; an operator can drain this one), or free space there.'
      : null;
  return new Problem(`${who} answered ${status}: ${message}`, full ?? advice);
}

/** The parts of an error of ours; others answer pages. */
function said(text: string): { message: string; advice: string | null } {
  const fields = jsonObject(text);
  const { message, advice } = fields ?? {};
  if (typeof message === 'string') {
    return {
      message: oneLine(message),
      advice: typeof advice === 'string' ? oneLine(advice) : null,
    };
  }
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return { message: oneLine(plain.slice(0, LONGEST_TEXT)) || 'nothing more', advice: null };
}

/** A JSON object with fields of any kind; null for everything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
    return Object.fromEntries(Object.entries(parsed));
  } catch {
    return null;
  }
}

/** The code of an error of ours. */
export function codeOf({ text }: Answered): string | null {
  const code = jsonObject(text)?.['code'];
  return typeof code === 'string' ? code : null;
}
