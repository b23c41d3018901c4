import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Answer } from '../platform/answer.ts';
import type { Turns } from '../platform/turns.ts';
import type { OpenQuestion, Waiters } from '../shaman/wait-for.ts';
import { FORMAT_TYPES, factLines } from './answer-format.ts';
import type { Format } from './answer-format.ts';
import { isUnchanged } from './conditions.ts';
import type { Exchange } from './exchange.ts';
import { holdRequest } from './hold-request.ts';
import type { Holder } from './hold-request.ts';

/** What holding a question takes. */
export interface Holding extends Holder {
  readonly waiters: Waiters;
  readonly turns: Turns;
}

/** An answer in both of its forms; only one of them is made. */
export interface Forms<T> {
  readonly json: (answer: T) => unknown;
  /** One fact a line. */
  readonly facts: (answer: T) => readonly string[];
}

/**
 * Answers a question: at once, or held for `seconds` until its answer is settled. A held one sends an
 * empty line now and then; when the time is up it is answered as it stands.
 */
export async function answerQuestion<T>(
  holding: Holding,
  exchange: Exchange,
  question: OpenQuestion<T>,
  options: { readonly seconds: number; readonly format: Format; readonly forms: Forms<T> },
): Promise<Answer> {
  const { request, response } = exchange;
  const { seconds, format, forms } = options;
  const first = question.ask();
  if (seconds === 0 || request.method === 'HEAD' || question.isSettled(first)) {
    return conditional(request, format, print(first, format, forms));
  }
  const answer = await holdRequest(holding, exchange, format, (signal) =>
    holding.waiters.wait(question, seconds * 1000, signal),
  );
  // A change can settle what a thousand wait for.
  await holding.turns.next();
  if (response.destroyed) return { kind: 'sent' };
  const text = print(answer, format, forms);
  if (!response.headersSent) return conditional(request, format, text);
  response.end(text);
  return { kind: 'sent' };
}

function print<T>(answer: T, format: Format, forms: Forms<T>): string {
  return format === 'json' ? JSON.stringify(forms.json(answer)) : factLines(forms.facts(answer));
}

function conditional(request: IncomingMessage, format: Format, body: string): Answer {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  const headers = { ETag: etag, 'Cache-Control': 'no-cache', Vary: 'Accept' };
  const validated = { size: body.length, etag, modified: null };
  if (isUnchanged(request, validated)) return { kind: 'empty', status: 304, headers };
  return { kind: 'text', body, type: FORMAT_TYPES[format], headers };
}
