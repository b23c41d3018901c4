import { CronExpressionParser } from 'cron-parser';
import { reasonOf } from '../services/domain/reason.ts';
import type { IdleRange, IdleWindow, Template } from './rules/template.ts';

const MINUTE = 60_000;

/** How many idle agents a template keeps at a time: by the last of its windows that is open, or else always. */
export function idleRange(template: Template, now: Date): IdleRange {
  const open = template.idleWindows.filter((window) => isOpen(window, now));
  const { minIdle, maxIdle } = open.at(-1) ?? template;
  return { minIdle, maxIdle };
}

/** As `idleRange`, of every template. */
export function idleRanges(
  templates: readonly Template[],
  now: Date,
): ReadonlyMap<string, IdleRange> {
  return new Map(templates.map((template) => [template.name, idleRange(template, now)]));
}

/** Why text is no cron expression; null when it is one. */
export function whyNoCron(text: string): string | null {
  try {
    CronExpressionParser.parse(text, { strict: false });
    return null;
  } catch (cause) {
    return reasonOf(cause);
  }
}

/** A window opens at each of its times (of this machine's zone), and stays open for its minutes. */
function isOpen({ cron, minutes }: IdleWindow, now: Date): boolean {
  // The time itself counts, and `prev` looks only before.
  const currentDate = new Date(now.getTime() + 1000);
  const opened = CronExpressionParser.parse(cron, { currentDate }).prev().getTime();
  return now.getTime() - opened < minutes * MINUTE;
}
