import { fitsPattern } from './name-pattern.ts';

export type WebhookKind = 'repo' | 'build';

/** Who is told of which changes, from the configuration. */
export interface WebhookRule {
  /** Names its outbox: what was not delivered yet survives a change of the rest. */
  readonly name: string;
  readonly url: string;
  /** `*` stands for anything, in both. */
  readonly project: string;
  readonly ref: string;
  readonly kinds: readonly WebhookKind[];
}

/** A change of state that others may want to hear of. */
export interface WebhookEvent {
  /** The place of the change in the one order of all changes; also names the delivery. */
  readonly order: number;
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly kind: WebhookKind;
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly status: string;
  /** Null when this is the first that is known of it. */
  readonly before: string | null;
  /** The record as the API shows it. */
  readonly record: object;
}

/** Whether the rule's receiver is told of the event: only changes of state count, not every report. */
export function wants(rule: WebhookRule, event: WebhookEvent): boolean {
  return (
    event.status !== event.before &&
    rule.kinds.includes(event.kind) &&
    fitsPattern(rule.project, event.project) &&
    fitsPattern(rule.ref, event.ref)
  );
}
