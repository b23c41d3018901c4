/** The longest time for which a request is held. */
export const LONGEST_WAIT_SECONDS = 3600;

/** The parameter of what asks for a publish. */
export const WAIT_FOR_PUBLISH = {
  wait: `seconds, at most ${LONGEST_WAIT_SECONDS}: hold the answer until it is live, or failed, or the time is up ("done": false)`,
} as const;
