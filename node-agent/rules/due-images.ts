import type { Attempts } from './back-off.ts';
import { brakeAllows } from './brake.ts';
import type { Brake } from './brake.ts';
import { whyUnfit } from './choose-host.ts';
import type { HostView } from './choose-host.ts';
import type { ImageOrder } from './container.ts';
import { PULL_POLICIES } from './template.ts';
import type { Template } from './template.ts';

/** What the last look at an image on a host brought. */
export interface ImageStanding {
  readonly host: string;
  readonly image: string;
  /** Null until it was there once. */
  readonly digest: string | null;
  /** When it was last there, as its policy wants it. */
  readonly seen: Date | null;
  /** Why the last try failed, and when the next one is; null when it did not. */
  readonly failed: Attempts | null;
}

/** An image that some template needs on a host. */
export interface WantedImage extends ImageOrder {
  readonly host: string;
}

export interface ImageFacts {
  readonly templates: readonly Template[];
  readonly hosts: readonly HostView[];
  readonly drainedTemplates: readonly string[];
  /** Template -> its failures in a row. */
  readonly brakes: Readonly<Record<string, Brake>>;
  readonly now: Date;
}

/**
 * The images that new agents would need, on each host that may make them: one order for each, by the
 * strictest policy of its templates. Not for a template whose brake holds: its next agent tries.
 */
export function wantedImages(facts: ImageFacts): WantedImage[] {
  const { templates, hosts, drainedTemplates, brakes, now } = facts;
  const made = templates.filter(
    ({ name, digest }) =>
      !drainedTemplates.includes(name) && brakeAllows(brakes[name], digest, now).onTheirWay > 0,
  );
  const wanted = new Map<string, WantedImage>();
  for (const host of hosts) {
    if (host.facts === null || host.awayReason !== null || host.isDrained) continue;
    const { name } = host.settings;
    for (const template of made) {
      if (whyUnfit(template, host) !== null) continue;
      const { image, pull, pullSeconds } = template;
      const order = { host: name, image, policy: pull, timeoutMilliseconds: pullSeconds * 1000 };
      const key = JSON.stringify([name, image]);
      wanted.set(key, stricter(wanted.get(key), order));
    }
  }
  return [...wanted.values()];
}

/** Whether it is time to look: never done, too long ago, or failed and the pause is over. */
export function isDue(
  standing: ImageStanding | undefined,
  refreshMilliseconds: number,
  now: Date,
): boolean {
  if (standing?.failed) return standing.failed.next <= now.getTime();
  const seen = standing?.seen ?? null;
  return seen === null || now.getTime() - seen.getTime() >= refreshMilliseconds;
}

function stricter(one: WantedImage | undefined, other: WantedImage): WantedImage {
  if (one === undefined) return other;
  const rank = ({ policy }: WantedImage) => PULL_POLICIES.indexOf(policy);
  return rank(one) <= rank(other) ? one : other;
}
