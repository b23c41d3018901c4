import type { FoundEngine } from '../agents-demo/find-engine.ts';
import type { CleanUp } from './clean-up.ts';
import type { DemoServices } from './demo-services.ts';
import type { Narrator } from './narrator.ts';

/** What every story of the demo is told with. */
export interface DemoStage {
  /** Gone at the end. */
  readonly folder: string;
  readonly services: DemoServices;
  readonly narrator: Narrator;
  /** Aborts when somebody has had enough. */
  readonly signal: AbortSignal;
  /** What outlives the story, and is undone at the end of the demo. */
  readonly cleanUp: CleanUp;
  /** For agents; null where there is none, or none is needed. */
  readonly engine: FoundEngine | null;
  /** Image of agents, where somebody named one. */
  readonly image: string | null;
}

/** Tells its part, and answers what to look at while everything serves on. */
export type Story = (stage: DemoStage) => Promise<readonly string[]>;
