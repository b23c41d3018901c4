import type { Pin } from '../domain/pin.ts';

/** A build that goes or would go, as retention decided. */
interface DecidedBuild {
  readonly build: {
    readonly project: string;
    readonly ref: string;
    readonly sha1: string;
    readonly flavor: string;
    readonly published: number | null;
    readonly written: number;
    readonly repos: number;
    readonly binaries: number;
    readonly blobs: readonly { readonly size: number }[];
  };
  readonly rule: number;
  readonly why: string;
}

/** RetentionPlan JSON: sizes in bytes, times RFC 3339 UTC. */
export function planJson(plan: {
  readonly at: string;
  readonly rules: number;
  readonly builds: number;
  readonly doomed: readonly (DecidedBuild & { readonly freedBytes: number })[];
  readonly spared: readonly (DecidedBuild & { readonly heldBy: string })[];
  readonly missingBytes: number;
}): object {
  const freed = plan.doomed.reduce((sum, { freedBytes }) => sum + freedBytes, 0);
  return {
    at: plan.at,
    rules: plan.rules,
    builds: plan.builds,
    /** Free space that the disk lacks to be above chacra.diskPressure.deleteBelowBytes. */
    missing_bytes: plan.missingBytes,
    freed_bytes: freed,
    delete: plan.doomed.map((one) => ({ ...buildJson(one), freed_bytes: one.freedBytes })),
    spared: plan.spared.map((one) => ({ ...buildJson(one), held_by: one.heldBy })),
  };
}

function buildJson({ build, rule, why }: DecidedBuild): object {
  const { project, ref, sha1, flavor, published, written, repos, binaries, blobs } = build;
  return {
    ...{ project, ref, sha1, flavor, rule, why },
    published: published === null ? null : new Date(published).toISOString(),
    written: new Date(written).toISOString(),
    repos,
    binaries,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

/** RetentionRun JSON. */
export function runJson(
  run: {
    readonly state: string;
    readonly by: string;
    readonly started: string;
    readonly ended: string | null;
    readonly planned: number;
    readonly deleted: number;
    readonly spared: number;
    readonly freedBytes: number;
    readonly error: string | null;
  } | null,
): object | null {
  if (run === null) return null;
  const { freedBytes, ...rest } = run;
  return { ...rest, freed_bytes: freedBytes };
}

/** Pin JSON; `present`: whether the node still has anything of its sha1. */
export function pinJson(pin: Pin, present: boolean): object {
  return { ...pin, present };
}

interface Use {
  readonly sha1s: number;
  readonly repos: number;
  readonly binaries: number;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly exclusiveBytes: number;
}

/** DiskUse JSON: what each project and ref takes, in bytes. */
export function diskUseJson(
  use: {
    readonly at: string;
    readonly total: Use;
    readonly projects: readonly (Use & {
      readonly project: string;
      readonly refs: readonly (Use & { readonly ref: string })[];
    })[];
  },
  freeBytes: number,
): object {
  return {
    at: use.at,
    free_bytes: freeBytes,
    total: useJson(use.total),
    projects: use.projects.map((project) => ({
      project: project.project,
      ...useJson(project),
      refs: project.refs.map((ref) => ({ ref: ref.ref, ...useJson(ref) })),
    })),
  };
}

function useJson({ storedBytes, exclusiveBytes, sha1s, repos, binaries, bytes }: Use): object {
  return {
    ...{ sha1s, repos, binaries, bytes },
    stored_bytes: storedBytes,
    exclusive_bytes: exclusiveBytes,
  };
}
