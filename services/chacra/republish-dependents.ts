import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import { chooseSources } from './choose-sources.ts';
import { dependentsOf, owesRepublish } from './find-dependents.ts';
import { afterBinaryChange } from './mark-repo.ts';
import type { Clock, Log, RepoStore } from './ports.ts';
import type { ProjectRules, RulesOf } from './project-rules.ts';
import { rulesOfRepo } from './project-rules.ts';

/** An upload brings many changes; looking once for some of them is enough. */
const PAUSE_MILLISECONDS = 250;
/** Repos looked at in one go: an extra may stand in thousands, and requests shall not wait for that. */
const AT_ONCE = 100;

/**
 * Publishes repos again when what they take from others has changed, so that a repo does not depend
 * on the order of uploads. Nothing of this is stored: a live generation names what it was made of,
 * and the start compares.
 */
export class DependentRepos {
  readonly #repos: RepoStore;
  readonly #rulesOf: RulesOf;
  readonly #rules: ReadonlyMap<string, ProjectRules>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #startWhenQuiet: (identity: RepoIdentity) => void;
  /** What a repo had to give when its dependents were looked at last. */
  readonly #seen = new Map<RepoIdentity, string>();
  readonly #changed = new Set<RepoIdentity>();
  readonly #suspects = new Set<RepoIdentity>();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(options: {
    readonly repos: RepoStore;
    readonly rulesOf: RulesOf;
    /** The projects that the configuration names. */
    readonly rules: ReadonlyMap<string, ProjectRules>;
    readonly clock: Clock;
    readonly log: Log;
    readonly startWhenQuiet: (identity: RepoIdentity) => void;
  }) {
    this.#repos = options.repos;
    this.#rulesOf = options.rulesOf;
    this.#rules = options.rules;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#startWhenQuiet = options.startWhenQuiet;
  }

  /** Takes up what changed while nobody looked, the configuration too; then watches. */
  start(): void {
    for (const repo of this.#repos.all()) {
      this.#seen.set(repo.identity, offerOf(repo));
      this.#suspects.add(repo.identity);
    }
    this.#repos.watch((repo) => this.#notice(repo));
    this.#lookSoon(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #notice(repo: Repo): void {
    const { identity, head } = repo;
    // What it is made of may have changed while it was being made.
    if (head.status === 'ready') this.#suspects.add(identity);
    if (this.#seen.get(identity) !== offerOf(repo)) this.#changed.add(identity);
    if (this.#suspects.size + this.#changed.size > 0) this.#lookSoon(PAUSE_MILLISECONDS);
  }

  #lookSoon(milliseconds: number): void {
    if (this.#stopped || this.#cancel !== null) return;
    this.#cancel = this.#clock.after(milliseconds, () => {
      this.#cancel = null;
      this.#look();
    });
  }

  #look(): void {
    for (const identity of this.#changed) this.#suspectDependents(identity);
    this.#changed.clear();
    let looked = 0;
    for (const identity of this.#suspects) {
      if (looked === AT_ONCE) break;
      looked += 1;
      this.#suspects.delete(identity);
      this.#check(identity);
    }
    if (this.#suspects.size > 0) this.#lookSoon(0);
  }

  #suspectDependents(identity: RepoIdentity): void {
    const repo = this.#repos.get(identity);
    if (repo === undefined || repo.head.status === 'deleted') this.#seen.delete(identity);
    else this.#seen.set(identity, offerOf(repo));
    for (const dependent of dependentsOf(identity, this.#repos.tree(), this.#rules))
      this.#suspects.add(dependent.identity);
  }

  #check(identity: RepoIdentity): void {
    try {
      let owes = false;
      this.#repos.changeSoon(identity, (repo) => {
        owes = repo !== undefined && this.#owes(repo);
        if (repo === undefined || !owes) return null;
        const head = afterBinaryChange(repo.head, {
          ...this.#rulesOf(identity.project),
          automatic: true,
        });
        return head === repo.head ? null : { head };
      });
      // Each time: the quiet of a repo is also that of what it is made of.
      if (owes) this.#startWhenQuiet(identity);
    } catch (cause) {
      this.#log.error(
        { repo: repoPath(identity), err: cause },
        'cannot see whether to publish again',
      );
    }
  }

  #owes(repo: Repo): boolean {
    const rules = rulesOfRepo(this.#rulesOf, repo.identity);
    return owesRepublish(repo, chooseSources(repo, this.#repos.tree(), rules).from, rules);
  }
}

/** Changes when another repo may have something else of this one: what it holds, and whether that is published. */
function offerOf({ head }: Repo): string {
  if (head.status === 'deleted') return '';
  return `${head.created} ${head.revision} ${head.live?.revision ?? ''}`;
}
