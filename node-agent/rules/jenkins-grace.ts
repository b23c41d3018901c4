/** Whether Jenkins can be asked, and believed. */
export interface JenkinsState {
  /** Why it does not answer as it should; null when it does. */
  readonly awayReason: string | null;
  /** Failures in a row. */
  readonly failures: number;
  /** Run of the controller; null before the first reading. */
  readonly session: string | null;
  readonly version: string | null;
  /** Since when it answers again; null before the first reading. RFC 3339 UTC. */
  readonly backSince: string | null;
  /** Whether all agents that were connected have had the time to come back, or are back. */
  readonly isSettled: boolean;
}

export const JENKINS_UNKNOWN: JenkinsState = {
  awayReason: 'it was not asked yet',
  failures: 0,
  session: null,
  version: null,
  backSince: null,
  isSettled: false,
};

/** It did not answer: nothing is concluded until it does, and its agents have come back. */
export function jenkinsFailed(state: JenkinsState, reason: string): JenkinsState {
  return { ...state, awayReason: reason, failures: state.failures + 1, isSettled: false };
}

/**
 * It answered. After it was away, or under a new session, it counts as settled when every agent that
 * was connected is connected again, or when the grace is over.
 */
export function jenkinsAnswered(
  state: JenkinsState,
  reading: { readonly session: string | null; readonly version: string | null },
  connection: { readonly areAllBack: boolean; readonly graceMilliseconds: number },
  now: Date,
): JenkinsState {
  const isNew = state.awayReason !== null || state.session !== reading.session;
  const backSince = isNew || state.backSince === null ? now.toISOString() : state.backSince;
  const wasSettled = state.isSettled && !isNew;
  const isOver = now.getTime() - Date.parse(backSince) >= connection.graceMilliseconds;
  return {
    awayReason: null,
    failures: 0,
    session: reading.session,
    version: reading.version,
    backSince,
    isSettled: wasSettled || isOver || connection.areAllBack,
  };
}

/** When to ask again: each poll, and less often the longer it is away. */
export function nextPoll({ failures }: JenkinsState, pollMilliseconds: number): number {
  return Math.min(
    pollMilliseconds * 2 ** Math.min(failures, 8),
    Math.max(15_000, pollMilliseconds),
  );
}
