/** The life of an agent, in its order; `held` and `failed` may come at several places of it. */
export const AGENT_STATES = [
  'requested',
  'creating',
  'starting',
  'connecting',
  'idle',
  'busy',
  'draining',
  'held',
  'failed',
  'deleting',
  'gone',
] as const;

export type AgentState = (typeof AGENT_STATES)[number];

/** When each step of an agent's life was done; RFC 3339 UTC. */
export interface AgentPhases {
  readonly requested: string;
  readonly pulled?: string;
  readonly created?: string;
  readonly started?: string;
  readonly connected?: string;
  readonly firstBuild?: string;
  readonly ended?: string;
}

/** One step of an agent's life. */
export interface AgentStep {
  readonly at: string;
  readonly state: AgentState;
  readonly cause: string;
}

/** One agent: a Jenkins node and a container that belong together, from its request to its end. */
export interface Agent {
  /** 12 hex digits, never used twice. */
  readonly id: string;
  /** Name of the Jenkins node and of the container: `<template>-<id>`. */
  readonly node: string;
  readonly template: string;
  /** Of the template it was made from: tells agents of an older text from newer ones. */
  readonly templateDigest: string;
  readonly labels: readonly string[];
  readonly state: AgentState;
  /** When it came to this state. */
  readonly since: string;
  /** Why it came to this state, or why it stays: a sentence for people. */
  readonly cause: string;
  /** Name of the host that was chosen; null before. */
  readonly host: string | null;
  /** Id of the container (or Swarm service); null before there is one. */
  readonly container: string | null;
  /** Whether the Jenkins node may exist: noted before it is made, until it is known to be deleted. */
  readonly hasNode: boolean;
  /** Digest of the image that it runs; null until known. */
  readonly imageDigest: string | null;
  /** Path of the build that it was made for, `job/a/1/`; null for a warm one, or when nobody said. */
  readonly madeFor: string | null;
  /** Path of the build that runs on it, or ran last; null before, and where Jenkins does not tell. */
  readonly build: string | null;
  /** How many times it was seen to begin a build. */
  readonly uses: number;
  /** Run of the controller (X-Jenkins-Session) under which that build was last seen running. */
  readonly buildSession: string | null;
  /** Since when Jenkins starts nothing new on it; null while it may. */
  readonly closedAt: string | null;
  /** When it was first read as idle after it was closed; the next such reading lets it be deleted. */
  readonly idleReading: string | null;
  /** Since when Jenkins has no connection to it; null while it has. */
  readonly offlineSince: string | null;
  /** Until when somebody looks at it; null when nobody does. */
  readonly heldUntil: string | null;
  readonly phases: AgentPhases;
  /** Last lines of its container, kept when it failed. */
  readonly lastLog: readonly string[];
  /** Its steps so far, oldest first; the newest ones of a long life. */
  readonly journal: readonly AgentStep[];
}
