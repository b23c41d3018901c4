import { fitsPattern } from '../domain/name-pattern.ts';
import type { Pin, PinnedCommit } from '../domain/pin.ts';
import type { BlobRef } from '../domain/repo.ts';

const DAY = 86_400_000;

/** How long builds of some refs are kept. */
export interface RetentionRule {
  /** `*` stands for anything, in each of the three. */
  readonly project: string;
  readonly ref: string;
  readonly flavor: string;
  /** So many of the newest builds stay, however old they are. */
  readonly keepBuilds: number;
  /** Everything younger stays. */
  readonly days: number;
  /** So many of the newest builds stay even when the disk is full. */
  readonly minimumBuilds: number;
}

/** One sha1 of a project, ref and flavor: what is kept or goes as a whole. */
export interface BuildName extends PinnedCommit {
  readonly flavor: string;
}

/** Everything that retention decides by. Times are milliseconds since 1970. */
export interface BuildFacts extends BuildName {
  /** When something new of it was last published; null when none of its repos is ready. */
  readonly published: number | null;
  /** The last write to one of its repos. */
  readonly written: number;
  /** The last write that no published generation shows yet; null when all are shown. */
  readonly unpublished: number | null;
  readonly use: BuildUse | null;
  readonly repos: number;
  readonly binaries: number;
  /** The blobs of its binaries, one for each binary. */
  readonly blobs: readonly BlobRef[];
}

/** Why a build cannot go at this moment. */
export type BuildUse = 'is being read' | 'is being written';

/** What retention says of a build that its rule does not keep. */
export interface Doomed {
  readonly build: BuildFacts;
  /** The position of the rule in the configuration, from 1. */
  readonly rule: number;
  readonly why: string;
}

/** A build that would go, and what holds it for now. */
export interface Spared extends Doomed {
  readonly heldBy: string;
}

export interface Verdicts {
  /** Oldest first. */
  readonly doomed: readonly Doomed[];
  readonly spared: readonly Spared[];
  /** What the rules keep and only a full disk may take: above the minimum, oldest first. */
  readonly spendable: readonly Doomed[];
}

/**
 * Decides which builds go. The first rule that fits a build is the only one that counts; a build
 * without a rule, pinned or in use stays. Among the newest count sha1s with a ready repo alone.
 */
export function judgeBuilds(
  builds: readonly BuildFacts[],
  rules: readonly RetentionRule[],
  { now, pinOf }: { readonly now: Date; readonly pinOf: (commit: PinnedCommit) => Pin | null },
): Verdicts {
  const doomed: Doomed[] = [];
  const spared: Spared[] = [];
  const spendable: Doomed[] = [];
  for (const line of linesOf(builds).values()) {
    const number = rules.findIndex((rule) => fits(rule, line[0]));
    const rule = rules[number];
    if (rule === undefined) continue;
    for (const [newer, build] of newestFirst(line).entries()) {
      const age = now.getTime() - lastMoved(build);
      const isReady = build.published !== null;
      const isKept = age < rule.days * DAY || (isReady && newer < rule.keepBuilds);
      const isSpendable = isReady && newer >= rule.minimumBuilds;
      if (isKept && !isSpendable) continue;
      const why = isKept ? `the disk is full: ${moved(build, age)}` : over(build, age, newer, rule);
      const one: Doomed = { build, rule: number + 1, why };
      const heldBy = holder(build, pinOf(build));
      if (heldBy === null) (isKept ? spendable : doomed).push(one);
      else if (!isKept) spared.push({ ...one, heldBy });
    }
  }
  return {
    doomed: oldestFirst(doomed),
    spared: oldestFirst(spared),
    spendable: oldestFirst(spendable),
  };
}

/** Builds that compete for the same places: one project, ref and flavor. */
function linesOf(builds: readonly BuildFacts[]): Map<string, [BuildFacts, ...BuildFacts[]]> {
  const lines = new Map<string, [BuildFacts, ...BuildFacts[]]>();
  for (const build of builds) {
    const key = `${build.project}\n${build.ref}\n${build.flavor}`;
    const line = lines.get(key);
    if (line === undefined) lines.set(key, [build]);
    else line.push(build);
  }
  return lines;
}

function fits(rule: RetentionRule, { project, ref, flavor }: BuildName): boolean {
  return (
    fitsPattern(rule.project, project) &&
    fitsPattern(rule.ref, ref) &&
    fitsPattern(rule.flavor, flavor)
  );
}

/** Those that were never ready come last: they take no place from a ready one. */
function newestFirst(line: readonly BuildFacts[]): BuildFacts[] {
  const order = ({ published }: BuildFacts) => published ?? -Infinity;
  return [...line].sort((a, b) => {
    const difference = order(b) - order(a);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    return a.sha1 < b.sha1 ? -1 : 1;
  });
}

/** A build's age counts from its last publish, or from a later write that waits to be published. */
function lastMoved({ published, written, unpublished }: BuildFacts): number {
  return published === null ? written : Math.max(published, unpublished ?? published);
}

function over(build: BuildFacts, age: number, newer: number, rule: RetentionRule): string {
  const kept = `kept for ${inDays(rule.days * DAY)}`;
  if (build.published === null) return `never ready, ${moved(build, age)}; ${kept}`;
  return `${moved(build, age)}, and ${newer} are newer; ${kept} or among the newest ${rule.keepBuilds}`;
}

function moved({ published, unpublished }: BuildFacts, age: number): string {
  const isWrite = published === null || (unpublished ?? published) > published;
  return `last ${isWrite ? 'written' : 'published'} ${inDays(age)} ago`;
}

function inDays(milliseconds: number): string {
  const days = Math.max(0, Math.floor(milliseconds / DAY));
  return days === 1 ? '1 day' : `${days} days`;
}

function holder({ use }: BuildFacts, pin: Pin | null): string | null {
  if (pin !== null) {
    const end = pin.until === null ? '' : ` until ${pin.until}`;
    return `pinned by ${pin.by}${end}: ${pin.reason}`;
  }
  return use;
}

function oldestFirst<T extends Doomed>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => lastMoved(a.build) - lastMoved(b.build));
}
