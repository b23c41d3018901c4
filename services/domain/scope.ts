export const SCOPES = ['upload', 'node', 'agent', 'operate', 'admin'] as const;

/** What a key may do; `admin` may everything. */
export type Scope = (typeof SCOPES)[number];

/** What each is for, as settings and commands tell it. */
export const SCOPE_MEANS: Readonly<Record<Scope, string>> = {
  upload: 'a build: bring, publish and delete packages, report builds to shaman, ask it for a node',
  node: 'a storage node: tell shaman that it is there, and of its repositories',
  agent: 'a pipeline: ask the agent service for agents',
  operate: 'an operator: agents, their hosts and templates; drain and resume storage nodes',
  admin: 'everything, also retention, pins and what is kept',
};

/** Whether somebody with these scopes may do what needs that one. */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}
