import { z } from 'zod';
import { ErrorBody } from './chacra-schemas.ts';

const needed = z.string({
  error: (issue) => (issue.input === undefined ? 'is missing' : undefined),
});

/** `POST /api/v1/demands`: somebody needs an agent with this label now. */
export const DemandBody = z.object({
  label: needed.max(4096),
  build_url: z.string().max(4096).nullish(),
  block: z.string().min(1).max(200).nullish(),
  template: z.string().max(200).nullish(),
  ttl: z.number().min(1).nullish(),
});

/** `POST /api/v1/agents`: agents of a template, whether or not a build waits. */
export const AgentOrderBody = z.object({
  template: needed,
  count: z.int().min(1).max(100).default(1),
});

/** `POST /api/nodes/` as Mita takes it; what it says of clouds means nothing here. */
export const MitaOrderBody = z.object({
  name: needed,
  count: z.int().min(1).max(100).default(1),
  labels: z.array(z.string()).nullish(),
});

/** `POST /api/nodes/{id}/delete` as Mita takes it: seconds to wait before. */
export const MitaDeleteBody = z.object({ delay: z.number().min(0).max(86_400).nullish() });

/** `POST …/hold`: for how long, and why. */
export const HoldBody = z.object({
  seconds: z.number().min(1).nullish(),
  reason: z.string().max(500).nullish(),
});

const time = z.string();
const text = z.string().nullable();

/** What is told of an agent. */
export const AgentJson = z.object({
  id: z.string(),
  node: z.string(),
  template: z.string(),
  labels: z.array(z.string()),
  state: z.string(),
  since: time,
  cause: z.string(),
  host: text,
  container: text,
  image_digest: text,
  build: text,
  made_for: text,
  uses: z.int(),
  closed: z.boolean(),
  held_until: text,
  phases: z.record(z.string(), time),
  frozen: z.boolean(),
});

/** One agent as a whole. */
export const AgentDetailJson = AgentJson.extend({
  journal: z.array(z.object({ at: time, state: z.string(), cause: z.string() })),
  last_log: z.array(z.string()),
});

/** What is told of a demand. */
export const DemandJson = z.object({
  id: z.string(),
  label: z.string(),
  build: text,
  block: z.string(),
  template: text,
  created: time,
  expires: time,
});

const unmatched = z
  .object({
    reason: z.string(),
    nearest: z
      .array(z.object({ template: z.string(), failing: z.array(z.string()).readonly() }))
      .readonly(),
  })
  .nullable();

/** What waits for an agent, and what comes of it. */
export const QueueJson = z.object({
  paused: text,
  items: z.array(
    z.object({
      id: z.int(),
      task: z.string(),
      path: z.string(),
      why: text,
      label: text,
      needs: z.string(),
      demand: text,
      template: text,
      unmatched,
    }),
  ),
  demands: z.array(
    z.object({
      id: text,
      build: text,
      label: text,
      item: z.int().nullable(),
      template: text,
      unmatched,
    }),
  ),
  refused: z
    .array(z.object({ template: z.string(), kind: z.string(), reason: z.string(), count: z.int() }))
    .readonly(),
});

const states = z.record(z.string(), z.int());

/** A template, its agents by state, and what keeps it from more. */
export const TemplateJson = z.object({
  name: z.string(),
  digest: z.string(),
  image: z.string(),
  image_digests: z.record(z.string(), z.string()),
  labels: z.array(z.string()),
  min_idle: z.int(),
  max_idle: z.int().nullable(),
  cap: z.int().nullable(),
  weight: z.number(),
  states,
  drained: z.boolean(),
  brake: z
    .object({ failures: z.int(), reason: z.string(), until: time, quarantined: z.boolean() })
    .nullable(),
  refused: z.array(z.object({ reason: z.string(), count: z.int() })),
});

/** A host, whether it answers, and what it has. */
export const HostJson = z.object({
  name: z.string(),
  kind: z.string(),
  labels: z.array(z.string()),
  cap: z.int().nullable(),
  allow: z.array(z.string()),
  archs: z.array(z.string()).nullable(),
  cpus: z.number().nullable(),
  memory_bytes: z.number().nullable(),
  version: text,
  away: text,
  away_since: text,
  drained: z.boolean(),
  states,
});

/** What is told of a cache volume. */
export const CacheJson = z.object({
  host: z.string(),
  name: z.string(),
  volume: z.string(),
  bytes: z.int().nullable(),
  created: time,
  last_used: time,
  in_use: z.boolean(),
});

/** A cache that went by the rules, or would not: `left` says why. */
export const PrunedCacheJson = z.object({
  host: z.string(),
  name: z.string(),
  bytes: z.int().nullable(),
  cause: z.string(),
  left: text,
});

/** The schemas that the agents' OpenAPI document names. */
export const AGENT_SCHEMAS = {
  ErrorBody,
  DemandBody,
  AgentOrderBody,
  MitaOrderBody,
  MitaDeleteBody,
  HoldBody,
  Agent: AgentJson,
  AgentDetail: AgentDetailJson,
  Demand: DemandJson,
  Queue: QueueJson,
  Template: TemplateJson,
  Host: HostJson,
  Cache: CacheJson,
  PrunedCache: PrunedCacheJson,
} as const;
