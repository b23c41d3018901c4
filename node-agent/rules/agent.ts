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
  /** Path of the build that it was made for, or that runs on it: `job/a/1/`; null for none. */
  readonly build: string | null;
  /** How many times it was seen to become busy. */
  readonly uses: number;
  /** Set when it must be deleted as soon as it is idle, even if it is held or kept for a look. */
  readonly isClosed: boolean;
  /** The first of the two readings that must show it idle after it was closed; null before. */
  readonly idleReading: string | null;
  /** Until when somebody looks at it; null when nobody does. */
  readonly heldUntil: string | null;
  readonly phases: AgentPhases;
  /** Last lines of its container, kept when it failed. */
  readonly lastLog: readonly string[];
}
