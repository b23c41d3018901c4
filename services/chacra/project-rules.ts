import type { RepoIdentity } from '../domain/identity.ts';

/** What the configuration says of a project, as far as publishing goes. */
export interface ProjectRules {
  /** Whether an upload alone leads to a publish, after the quiet time. */
  readonly automatic: boolean;
  /** Nothing of a disabled project is published. */
  readonly disabled: boolean;
  /** Codenames whose debs stand in every apt repo of the same sha1 and flavor. */
  readonly combined: readonly string[];
  /** Own ref, or `all` -> other project -> its refs, `all` among them: whose packages are taken in too. */
  readonly extras: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

export type RulesOf = (project: string) => ProjectRules;

/** Why nothing of a disabled project is published. */
export function whyDisabled(project: string): string {
  return `nothing of ${project} is published: chacra.projects.${project}.disabled`;
}

/** Stands for every ref in `extras`. */
export const ALL_REFS = 'all';

/** Distro versions that stand for all versions of their distro. */
export const GENERIC_VERSIONS: readonly string[] = ['generic', 'universal', 'any'];

/** True for a distro version that stands for all of them. */
export function isGeneric(distroVersion: string): boolean {
  return GENERIC_VERSIONS.includes(distroVersion);
}

/** The rules of one repo: a generic one is a part of others, and itself published only when asked. */
export function rulesOfRepo(rulesOf: RulesOf, identity: RepoIdentity): ProjectRules {
  const rules = rulesOf(identity.project);
  return isGeneric(identity.distroVersion) ? { ...rules, automatic: false } : rules;
}

/** Which refs of which other projects go into the repos of a ref: a ref named by itself wins over `all`. */
export function extrasOf(
  { extras }: ProjectRules,
  ref: string,
): readonly {
  readonly under: string;
  readonly project: string;
  readonly refs: readonly string[];
}[] {
  const named = extras.get(ref);
  const everywhere = [...(extras.get(ALL_REFS) ?? [])].filter(([project]) => !named?.has(project));
  return [
    ...[...(named ?? [])].map(([project, refs]) => ({ under: ref, project, refs })),
    ...everywhere.map(([project, refs]) => ({ under: ALL_REFS, project, refs })),
  ];
}
