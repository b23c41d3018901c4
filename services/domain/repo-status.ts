/** What a storage node, ours or a foreign one, can say of a repo. */
export const ANNOUNCED_STATUSES = [
  'requested',
  'queued',
  'building',
  'ready',
  'failed',
  'deleted',
] as const;

export type AnnouncedStatus = (typeof ANNOUNCED_STATUSES)[number];

/** `collecting`: binaries, but no publish asked for. Never told to shaman. */
export const REPO_STATUSES = ['collecting', ...ANNOUNCED_STATUSES] as const;

export type RepoStatus = (typeof REPO_STATUSES)[number];

/** The original's three booleans, which its clients poll until all are false. */
export interface StatusFlags {
  readonly needs_update: boolean;
  readonly is_queued: boolean;
  readonly is_updating: boolean;
}

/** Tells the original's clients the truth about a status in their own words. */
export function statusFlags(status: RepoStatus): StatusFlags {
  switch (status) {
    case 'requested':
      return { needs_update: true, is_queued: false, is_updating: false };
    case 'queued':
      return { needs_update: true, is_queued: true, is_updating: false };
    case 'building':
      return { needs_update: false, is_queued: false, is_updating: true };
    case 'collecting':
    case 'ready':
    case 'failed':
    case 'deleted':
      return { needs_update: false, is_queued: false, is_updating: false };
  }
}

/** True while a publish is owed or running: a restart takes such a repo up again. */
export function isPending(status: RepoStatus): boolean {
  return status === 'requested' || status === 'queued' || status === 'building';
}
